"""What was revoked, refused by a real Envoy that asks nobody; every other token passes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.test_survival import portal_away  # noqa: F401

LIMIT = 2  # seconds


def status(live: Live, token: str) -> int:
    return live.gateway.get("/echo/1.0/albums", token).status


def seconds_until_refused(live: Live, token: str) -> float:
    return parts.seconds_until(lambda: status(live, token) == 401)


def test_revoked_token_is_refused_while_others_pass(live: Live) -> None:
    token = live.mint.token("echo/1.0", jti="revoked-one")
    assert status(live, token) == 200

    live.store.revoke_token("revoked-one")

    assert seconds_until_refused(live, token) < LIMIT
    reply = live.gateway.get("/echo/1.0/albums", token)
    assert reply.fault == (401, 900901)
    assert "was revoked" in reply.headers["www-authenticate"]
    assert status(live, live.token) == 200
