"""What is blocked, refused by a real Envoy within two seconds, whatever the token allows; and passed again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from store.models import BlockingCondition
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import ALIAS

SOON = parts.SOON
ALBUMS = "/echo/1.0/albums"
BLOCKED = (403, 900805)
ELSEWHERE = "127.0.0.9"


@pytest.fixture(autouse=True)
def lifted(live: Live) -> Iterator[None]:
    """All that a test has blocked, when it is over."""
    yield
    with live.store.database():
        BlockingCondition.objects.using(ALIAS).all().delete()
    parts.seconds_until(lambda: from_elsewhere(live, token=live.token).status == 200)


def seconds_until_blocked(live: Live, token: str, path: str = ALBUMS) -> float:
    return parts.seconds_until(lambda: live.gateway.get(path, token).status == 403)


def test_user_is_blocked_by_name_and_let_in_again(live: Live) -> None:
    subject = str(live.store.person("mallory").subject)
    token = live.mint.token("echo/1.0", sub=subject)
    assert live.gateway.get(ALBUMS, token).status == 200

    condition = live.store.block("user", "mallory")

    assert seconds_until_blocked(live, token) < SOON
    assert live.gateway.get(ALBUMS, token).fault == BLOCKED
    assert live.gateway.get(ALBUMS, live.token).status == 200
    live.store.change(condition, is_enabled=False)
    assert parts.seconds_until(lambda: live.gateway.get(ALBUMS, token).status == 200) < SOON


def test_application_is_blocked_by_its_id(live: Live) -> None:
    application = {"id": str(uuid.uuid4()), "name": "Bad", "tier": "Unlimited", "owner": "alice"}
    token = live.mint.token("echo/1.0", application=application)

    live.store.block("application", application["id"])

    assert seconds_until_blocked(live, token) < SOON
    assert live.gateway.get(ALBUMS, token).fault == BLOCKED
    assert live.gateway.get(ALBUMS, live.token).status == 200


def test_api_is_blocked_and_no_other_that_begins_like_it(live: Live) -> None:
    live.store.publish("/echo-more", live.backend.url)
    token = live.mint.token("echo-more/1.0")
    parts.seconds_until(lambda: live.gateway.get("/echo-more/1.0/a", token).status == 200)

    live.store.block("api", "/echo")

    assert seconds_until_blocked(live, live.token) < SOON
    assert live.gateway.get("/echo/1.0?a=b").fault == BLOCKED
    assert live.gateway.get("/echo-more/1.0/a", token).status == 200


def from_elsewhere(live: Live, path: str = ALBUMS, token: str = "", **headers: str) -> Reply:
    return live.gateway.call("GET", path, token, headers=headers, source=ELSEWHERE)


@pytest.mark.parametrize("network", [f"{ELSEWHERE}/32", "127.0.0.8/29"])
def test_address_is_blocked_before_anything_is_asked(live: Live, network: str) -> None:
    assert from_elsewhere(live, token=live.token).status == 200

    live.store.block("address", network)

    assert parts.seconds_until(lambda: from_elsewhere(live, token=live.token).status == 403) < SOON
    assert from_elsewhere(live).fault == BLOCKED
    assert from_elsewhere(live, "/userinfo").fault == BLOCKED
    assert live.gateway.get(ALBUMS, live.token).status == 200


def test_caller_cannot_claim_another_address(live: Live) -> None:
    live.store.block("address", f"{ELSEWHERE}/32")
    parts.seconds_until(lambda: from_elsewhere(live).status == 403)

    forged = {"X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.1", "Forwarded": "for=192.0.2.1"}

    assert from_elsewhere(live, token=live.token, **forged).fault == BLOCKED
    assert live.gateway.get(ALBUMS, live.token, X_Forwarded_For=ELSEWHERE).status == 200


def test_networks_of_both_families_stand_beside_each_other(live: Live) -> None:
    """An Envoy that could not read one of them would take none of it."""
    for network in ("2001:db8::/32", "2001:db8::1/128", "192.0.2.0/24", f"{ELSEWHERE}/32"):
        live.store.block("address", network)

    assert parts.seconds_until(lambda: from_elsewhere(live).status == 403) < SOON
