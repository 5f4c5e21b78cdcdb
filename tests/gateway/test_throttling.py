"""Limits at a real Envoy: who is counted under which tier, what a refused caller is told, how soon a change is live."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import resource
from tests.gateway.test_survival import logged

SOON = parts.SOON
ALBUMS = "/echo/1.0/albums"


@pytest.fixture(scope="module", autouse=True)
def tiers(live: Live) -> None:
    """Two calls a minute of every kind, and live at the gateway."""
    for level in ("application", "resource", "subscription"):
        live.store.tier(level, "TwoPerMin", 2)
    live.store.tier("resource", "FivePerMin", 5)
    live.store.tier("subscription", "OneASecond", 1000, burst=1)
    live.store.publish("/all", live.backend.url, tier="TwoPerMin")
    limited: list[dict[str, Any]] = [
        {"path": "/all/1.0/", "subscriptions": {"all/1.0": "Unlimited"}},
        {"subscriptions": {"echo/1.0": "TwoPerMin"}},
        {"application": application("TwoPerMin")},
        {"subscriptions": {"echo/1.0": "OneASecond"}},
    ]
    for claims in limited:
        parts.seconds_until(lambda: 429 in statuses(live, 3, **claims))  # noqa: B023  # waited for here


def application(tier: str = "Unlimited", number: str = "") -> dict[str, str]:
    """A new one."""
    return {"id": number or uuid.uuid4().hex, "name": "Limited", "tier": tier, "owner": "alice"}


def calls(live: Live, number: int, path: str = ALBUMS, **claims: Any) -> list[Reply]:
    """That many of bob, each with a new token; of an application that has called before only if one is named."""
    claims = {"sub": "bob", "application": application(), **claims}
    api = path.removeprefix("/").split("/1.0")[0]
    return [live.gateway.get(path, live.mint.token(f"{api}/1.0", **claims)) for _ in range(number)]


def statuses(live: Live, number: int, path: str = ALBUMS, **claims: Any) -> list[int]:
    return [reply.status for reply in calls(live, number, path, **claims)]


def test_new_token_every_call_gains_nothing(live: Live) -> None:
    replies = calls(live, 3, application=application("TwoPerMin"))

    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].fault == (429, 900803)


def test_each_user_of_an_application_has_the_whole_quota(live: Live) -> None:
    shared = application("TwoPerMin")

    assert statuses(live, 3, application=shared) == [200, 200, 429]
    assert statuses(live, 3, application=shared, sub="carol") == [200, 200, 429]


def test_applications_do_not_share_a_quota(live: Live) -> None:
    assert statuses(live, 3, application=application("TwoPerMin")) == [200, 200, 429]
    assert statuses(live, 2, application=application("TwoPerMin")) == [200, 200]


def test_subscription_is_counted_by_application_whoever_calls(live: Live) -> None:
    subscribed: dict[str, Any] = {"application": application(), "subscriptions": {"echo/1.0": "TwoPerMin"}}

    assert statuses(live, 2, **subscribed) == [200, 200]
    assert calls(live, 1, **subscribed, sub="carol")[0].fault == (429, 900804)


def test_refused_caller_is_told_when_to_come_back(live: Live) -> None:
    reply = calls(live, 3, application=application("TwoPerMin"))[2]

    seconds = int(reply.headers["retry-after"])
    assert 1 <= seconds <= 30
    assert reply.headers["ratelimit"] == f'"quota";r=0;t={seconds}'
    assert reply.headers["ratelimit-policy"] == '"quota";q=2'
    told = datetime.strptime(reply.json["fault"]["nextAccessTime"], "%Y-%b-%d %H:%M:%S%z UTC")
    assert abs((told - datetime.now(UTC)).total_seconds() - seconds) < 5
    assert int(reply.headers["content-length"]) == len(reply.text.encode())


def test_good_answer_tells_what_is_left_of_the_nearest_limit(live: Live) -> None:
    limited: dict[str, Any] = {"application": application("TwoPerMin"), "subscriptions": {"echo/1.0": "Gold"}}
    names = ("x-ratelimit-limit", "x-ratelimit-remaining")

    told = [tuple(reply.headers[name] for name in names) for reply in calls(live, 3, **limited)]

    assert told == [("2", "1"), ("2", "0"), ("2", "0")]


def test_unlimited_is_not_limited_and_says_nothing(live: Live) -> None:
    replies = calls(live, 20, subscriptions={"echo/1.0": "Unlimited"})

    assert {reply.status for reply in replies} == {200}
    assert not [name for reply in replies for name in reply.headers if "ratelimit" in name]


def test_burst_is_refused_within_the_quota(live: Live) -> None:
    bursting: dict[str, Any] = {"application": application(), "subscriptions": {"echo/1.0": "OneASecond"}}

    refused = [reply for reply in calls(live, 10, **bursting) if reply.status == 429]

    assert refused[0].fault == (429, 900807)
    assert refused[0].headers["retry-after"] == "1"


def wait_for_what_is_published(live: Live) -> None:
    """Without a call to it, which would count: routes and backends come as a whole, so what came later will do."""
    later = f"/later{uuid.uuid4().hex}"
    live.store.publish(later, live.backend.url)
    token = live.mint.token(f"{later[1:]}/1.0")
    parts.seconds_until(lambda: live.gateway.get(f"{later}/1.0/", token).status == 200)


@pytest.fixture
def other(live: Live) -> str:
    """The path of an API that has two calls a minute for one of its resources, and five for all."""
    context = f"/a{uuid.uuid4().hex[:3]}"
    resources = [
        resource("GET", "/albums"),
        resource("GET", "/albums/{id}", tier="TwoPerMin"),
    ]
    live.store.publish(context, live.backend.url, resources=resources, tier="FivePerMin")
    wait_for_what_is_published(live)
    return f"{context}/1.0"


def test_api_as_a_whole_is_limited_whoever_calls(live: Live, other: str) -> None:
    assert statuses(live, 5, f"{other}/albums") == [200] * 5

    assert calls(live, 1, f"{other}/albums")[0].fault == (429, 900800)


@pytest.mark.parametrize(
    "limited",
    [{"application": application("TwoPerMin")}, {"application": application(), "subscriptions": "TwoPerMin"}],
)
def test_what_a_caller_s_own_limit_refuses_is_not_taken_from_the_others(
    live: Live, other: str, limited: dict[str, Any]
) -> None:
    tier = limited.get("subscriptions", "Unlimited")
    greedy = {**limited, "subscriptions": {other[1:]: tier}}

    assert statuses(live, 8, f"{other}/albums", **greedy) == [200] * 2 + [429] * 6
    assert statuses(live, 3, f"{other}/albums", sub="carol") == [200] * 3


def test_resource_is_limited_whoever_calls_and_whichever_album(live: Live, other: str) -> None:
    assert statuses(live, 1, f"{other}/albums/1") == statuses(live, 1, f"{other}/albums/2") == [200]

    assert calls(live, 1, f"{other}/albums/3")[0].fault == (429, 900802)
    assert statuses(live, 1, f"{other}/albums") == [200]


@pytest.fixture
def anonymous(live: Live) -> Iterator[Callable[[str], list[int]]]:
    """Three calls without a token from an address, of which a minute has two."""

    def called(source: str) -> list[int]:
        return [live.gateway.call("GET", "/open/1.0/", source=source).status for _ in range(3)]

    live.store.publish("/open", live.backend.url, resources=[resource("GET", "/*", auth="none")])
    wait_for_what_is_published(live)
    tier = live.store.tier("anonymous", "Unauthenticated", 2)
    parts.seconds_until(lambda: 429 in called("127.0.0.7"))
    yield called
    live.store.change(tier, request_count=60)
    parts.seconds_until(lambda: 429 not in called("127.0.0.7"))


def test_calls_without_a_token_are_counted_by_address(anonymous: Callable[[str], list[int]]) -> None:
    assert anonymous("127.0.0.6") == anonymous("127.0.0.5") == [200, 200, 429]


def test_changed_tier_is_live_in_seconds(live: Live) -> None:
    tier = live.store.tier("application", "Changing", 1)
    changing: dict[str, Any] = {"application": application("Changing")}
    parts.seconds_until(lambda: statuses(live, 2, **changing)[1] == 429)

    live.store.change(tier, request_count=1000)

    assert parts.seconds_until(lambda: statuses(live, 1, **changing) == [200]) < SOON


def test_quota_comes_back(live: Live) -> None:
    live.store.tier("application", "OnePerSecond", 1, seconds=1)
    returning: dict[str, Any] = {"application": application("OnePerSecond")}
    parts.seconds_until(lambda: 429 in statuses(live, 2, **returning))

    assert parts.seconds_until(lambda: statuses(live, 1, **returning) == [200]) < SOON


def test_publishing_an_api_leaves_the_counts_as_they_are(live: Live, request: pytest.FixtureRequest) -> None:
    limited = application("TwoPerMin")
    began = time.monotonic()
    assert statuses(live, 2, application=limited) == [200, 200]

    request.getfixturevalue("other")

    assert statuses(live, 1, application=limited) == [429]
    assert time.monotonic() - began < 30


def test_refused_call_is_in_the_log_with_its_code_and_whose_it_is(live: Live) -> None:
    limited = application("TwoPerMin")
    reply = calls(live, 3, application=limited)[2]

    line = logged(live.gateway, reply.headers["x-request-id"])
    assert (line["status"], line["fault"], line["application_id"]) == ("429", "900803", limited["id"])


def test_limits_go_on_without_the_portal(live: Live, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("portal_away")

    assert statuses(live, 3, application=application("TwoPerMin")) == [200, 200, 429]


def test_fault_in_xml_says_the_time_too(live: Live) -> None:
    limited: dict[str, Any] = {"sub": "bob", "application": application("TwoPerMin")}
    tokens = [live.mint.token("echo/1.0", **limited) for _ in range(3)]

    reply = [live.gateway.get(ALBUMS, token, Accept="application/xml") for token in tokens][2]

    found = re.fullmatch(r"<amt:fault .*<amt:nextAccessTime>(.*) UTC</amt:nextAccessTime></amt:fault>\n", reply.text)
    assert found
    assert datetime.strptime(found[1], "%Y-%b-%d %H:%M:%S%z") > datetime.now(UTC)


def test_api_key_is_counted_like_a_token(live: Live) -> None:
    api = live.store.publish("/keys-limited", live.backend.url)
    wait_for_what_is_published(live)
    owner = live.store.application("Limited by key", api)
    live.store.change(owner, policy=live.store.tier("application", "TwoPerMin", 2))
    value, _ = live.store.api_key(owner)

    replies = [live.gateway.get("/keys-limited/1.0/", apikey=value) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].fault == (429, 900803)
