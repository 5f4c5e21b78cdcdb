"""What was revoked, refused by a real Envoy that asks nobody; every other token passes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from store import applications
from store.models import Application
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Part
from tests.gateway.test_real_tokens import token_answer

LIMIT = parts.SOON


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


def test_tokens_of_a_revoked_authorization_are_refused(live: Live) -> None:
    authorization, other = live.store.authorization(), live.store.authorization()
    token = live.mint.token("echo/1.0", grant_id=str(authorization.pk))

    live.store.change(authorization, revoked_at=timezone.now())

    assert seconds_until_refused(live, token) < LIMIT
    assert status(live, live.mint.token("echo/1.0", grant_id=str(other.pk))) == 200


def test_tokens_of_a_blocked_key_set_are_refused_until_it_is_unblocked(live: Live) -> None:
    client = live.store.authorization().client
    token = live.mint.token("echo/1.0", client_id=client.client_id)

    live.store.change(client, blocked_at=timezone.now())

    assert seconds_until_refused(live, token) < LIMIT
    live.store.change(client, blocked_at=None)
    assert parts.seconds_until(lambda: status(live, token) == 200) < LIMIT


def test_tokens_of_a_person_who_was_shut_out_are_refused(live: Live) -> None:
    authorization = live.store.authorization("mallory")
    token = live.mint.token("echo/1.0", grant_id=str(authorization.pk))

    live.store.change(authorization.user, is_active=False)

    assert seconds_until_refused(live, token) < LIMIT


def test_tokens_of_a_person_s_applications_are_refused_until_these_may_call_again(live: Live) -> None:
    mallory, authorization = live.store.person("mallory"), live.store.authorization(owner="mallory")
    token = live.mint.token("echo/1.0", client_id=authorization.client.client_id, grant_id=str(authorization.pk))
    assert status(live, token) == 200

    live.store.change(mallory, applications_may_call=False)

    assert seconds_until_refused(live, token) < LIMIT
    assert status(live, live.token) == 200
    live.store.change(mallory, applications_may_call=True)
    assert parts.seconds_until(lambda: status(live, token) == 200) < LIMIT


def test_tokens_of_a_removed_application_are_refused(live: Live) -> None:
    token = token_answer(live, "Removed", "--subscribe", "echo:1.0:Gold").json["access_token"]
    assert status(live, token) == 200

    with live.store.in_place():
        applications.delete(application=Application.objects.get(name="Removed"))

    assert seconds_until_refused(live, token) < LIMIT


def test_revoked_token_is_still_refused_when_the_portal_is_gone(live: Live, request: pytest.FixtureRequest) -> None:
    token = live.mint.token("echo/1.0", jti="revoked-before-the-end")
    live.store.revoke_token("revoked-before-the-end")
    seconds_until_refused(live, token)

    request.getfixturevalue("portal_away")

    assert status(live, token) == 401
    assert status(live, live.token) == 200


def test_caller_cannot_say_which_token_it_is(live: Live) -> None:
    forged = {"X_Gateway_Jti": "forged", "X_Gateway_Grant_Id": "forged", "X_Gateway_Client_Id": "forged"}

    headers = live.gateway.get("/echo/1.0/", live.token, **forged).json["headers"]

    assert not [name for name in headers if name.startswith("x-gateway")]


def resident_mebibytes(part: Part, which: str = "VmRSS") -> float:
    assert part.process
    lines = Path(f"/proc/{part.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


@pytest.fixture
def hundred_thousand(live: Live) -> Iterator[list[str]]:
    """What makes each new list of the portal take a second, so it is gone afterwards."""
    names = [uuid.uuid4().hex for _ in range(100_000)]
    yield names
    live.store.forget_revoked_tokens()


def test_hundred_thousand_revoked_tokens_have_room_and_the_next_is_refused_in_time(
    live: Live, hundred_thousand: list[str]
) -> None:
    before = resident_mebibytes(live.gateway)
    live.store.revoke_tokens(hundred_thousand, seconds_ago=600)
    old, new = (live.mint.token("echo/1.0", jti=jti) for jti in (hundred_thousand[-1], "one-more"))

    parts.seconds_until(lambda: status(live, old) == 401, patience=60)
    live.store.revoke_token("one-more")
    soon = seconds_until_refused(live, new)

    assert soon < LIMIT
    assert resident_mebibytes(live.gateway) - before < 300
    assert resident_mebibytes(live.agent, "VmHWM") < 150
    assert status(live, live.token) == 200
