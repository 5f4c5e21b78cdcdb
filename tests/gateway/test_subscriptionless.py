"""An API that asks for no subscription of clients that a person has approved, at a real Envoy: who is let in, and under
which tier the calls are counted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import resource

PERSON = {"grant_id": "7a1d7a0e-0000-4000-8000-000000000000"}
OTHER = "https://elsewhere.example"


@pytest.fixture(scope="module")
def open_path(live: Live) -> str:
    """The path of such an API, whose tier has three calls a day, as it was changed after it was published."""
    live.store.tier("subscription", "ThreePerDay", 3, 86_400)
    live.store.tier("subscription", "FourPerDay", 4, 86_400)
    context = f"/open-{uuid.uuid4().hex[:8]}"
    rows = [
        resource("GET", "/albums"),
        resource("GET", "/read", scopes=["photos:read"]),
        resource("GET", "/machine", auth="application"),
        resource("GET", "/anybody", auth="none"),
    ]
    columns: dict[str, Any] = {"resources": rows, "is_default_version": True}
    api = live.store.publish(context, live.backend.url, live.backend.url, **columns)
    path = f"{context}/1.0"
    parts.seconds_until(lambda: call(live, path, "/albums").status == 403)
    live.store.change(api, subscriptionless_tier="ThreePerDay")
    for limited in ({}, {"subscriptions": {path[1:]: "FourPerDay"}}):
        parts.seconds_until(lambda: 429 in {reply.status for reply in calls(live, path, 5, **limited)})  # noqa: B023
    return path


def token(live: Live, path: str, **claims: Any) -> str:
    """Of bob for the API by itself, to a client that is of no application and that nobody else is, unless told else."""
    usual = {"aud": f"{live.mint.audience}{path}", "client_id": uuid.uuid4().hex, **PERSON}
    return live.mint.token(**(usual | {"application": None, "subscriptions": None} | claims))


def call(live: Live, path: str, below: str, **claims: Any) -> Reply:
    return live.gateway.get(f"{path}{below}", token(live, path, **claims))


def calls(live: Live, path: str, number: int, **claims: Any) -> list[Reply]:
    told = {"client_id": uuid.uuid4().hex, **claims}
    return [call(live, path, "/albums", **told) for _ in range(number)]


def statuses(replies: list[Reply]) -> list[int]:
    return [reply.status for reply in replies]


@pytest.mark.rfc("8707#2")
@pytest.mark.rfc("9068#4")
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"aud": "{api}/"}, None),
        ({"aud": [OTHER, "{api}"]}, None),
        ({"aud": "{gateway}"}, (403, 900908)),
        ({"aud": [OTHER, "{gateway}"]}, (403, 900908)),
        ({"aud": OTHER}, (401, 900901)),
        ({"aud": "{api}0"}, (401, 900901)),
        ({"grant_id": None}, (403, 900908)),
        ({"grant_id": None, "aud": "{gateway}"}, (403, 900908)),
        ({"grant_id": None, "aud": "{gateway}", "subscriptions": {"{path}": "Gold"}}, None),
        ({"aud": "{gateway}", "subscriptions": {"{path}": "Gold"}}, None),
        ({"subscriptions": {"echo/1.0": "Gold"}}, None),
        ({"api_key": "apikey-1"}, (401, 900901)),
        ({"cnf": {"jkt": "x"}}, (401, 900901)),
        ({"typ": "JWT"}, (401, 900901)),
    ],
)
def test_only_a_token_that_a_person_approved_for_this_api_needs_no_subscription(
    live: Live, open_path: str, claims: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    reply = call(live, open_path, "/albums", **meant(live, open_path, claims))

    assert (reply.status, None) == (200, expected) if expected is None else reply.fault == expected


def meant(live: Live, path: str, told: Any) -> Any:
    """With the addresses of this run."""
    if isinstance(told, dict):
        return {meant(live, path, name): meant(live, path, value) for name, value in told.items()}
    if isinstance(told, list):
        return [meant(live, path, value) for value in told]
    named = {"api": f"{live.mint.audience}{path}", "gateway": live.mint.audience, "path": path[1:]}
    return told.format(**named) if isinstance(told, str) else told


@pytest.mark.parametrize(
    ("below", "claims", "expected"),
    [
        ("/read", {"scope": "photos:read"}, (200, 0)),
        ("/read", {"scope": "default"}, (403, 900910)),
        ("/machine", {}, (401, 900905)),
        ("/nowhere", {}, (403, 900906)),
    ],
)
def test_resource_asks_for_what_it_asks_for(
    live: Live, open_path: str, below: str, claims: dict[str, Any], expected: tuple[int, int]
) -> None:
    reply = call(live, open_path, below, **claims)

    assert (reply.status, int(reply.headers.get("x-fault-code", 0))) == expected


def test_default_version_is_the_same_api(live: Live, open_path: str) -> None:
    token_of_bob = token(live, open_path)

    assert live.gateway.get(f"{open_path.removesuffix('/1.0')}/albums", token_of_bob).status == 200


def test_resource_for_anybody_is_counted_by_no_tier_of_clients(live: Live, open_path: str) -> None:
    assert {live.gateway.get(f"{open_path}/anybody").status for _ in range(5)} == {200}


def test_client_that_is_of_no_application_is_counted_by_itself_whoever_uses_it(live: Live, open_path: str) -> None:
    client = uuid.uuid4().hex

    assert statuses(calls(live, open_path, 2, client_id=client)) == [200, 200]
    replies = calls(live, open_path, 2, client_id=client, sub="carol")

    assert statuses(replies) == [200, 429]
    assert replies[1].fault == (429, 900804)
    assert int(replies[1].headers["retry-after"]) > 3600
    assert statuses(calls(live, open_path, 1)) == [200]


def test_application_without_a_subscription_is_counted_as_one_by_both_its_keys(live: Live, open_path: str) -> None:
    application = {"id": uuid.uuid4().hex, "name": "Two keys", "tier": "Unlimited", "owner": "alice"}

    assert statuses(calls(live, open_path, 2, application=application)) == [200, 200]
    assert statuses(calls(live, open_path, 2, application=application, key_type="SANDBOX")) == [200, 429]


def test_subscriber_has_the_tier_of_the_subscription(live: Live, open_path: str) -> None:
    application = {"id": uuid.uuid4().hex, "name": "Subscriber", "tier": "Unlimited", "owner": "alice"}
    subscribed = {"application": application, "subscriptions": {open_path[1:]: "FourPerDay"}}

    assert statuses(calls(live, open_path, 5, **subscribed)) == [200] * 4 + [429]


def test_what_is_left_is_told(live: Live, open_path: str) -> None:
    replies = calls(live, open_path, 3)

    assert [reply.headers["x-ratelimit-remaining"] for reply in replies] == ["2", "1", "0"]
