"""Two real Envoys that count together, by the rate-limit service and Redis; skipped aloud where these are not."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway import filters
from tests.gateway import parts, rate_limit_service
from tests.gateway.conftest import Live
from tests.gateway.parts import Part, Reply
from tests.gateway.store_rows import Mint

ALBUMS = "/echo/1.0/albums"
SOON = parts.SOON
DAY = 86_400  # the service counts in turns of the clock: none is likely to end within a test


@dataclass
class Pair:
    gateways: list[Part]
    mint: Mint
    service: Part

    def calls(self, number: int, **claims: Any) -> list[Reply]:
        """By turns at either gateway, each with a new token."""
        fresh = {"id": uuid.uuid4().hex, "name": "Limited", "tier": "Unlimited", "owner": "alice"}
        told = {"sub": "bob", "application": fresh, **claims}
        tokens = [self.mint.token("echo/1.0", **told) for _ in range(number)]
        return [self.gateways[turn % 2].get(ALBUMS, token) for turn, token in enumerate(tokens)]


@pytest.fixture(scope="module")
def programs() -> None:
    """Looked for before anything is started beside them."""
    try:
        rate_limit_service.redis()
        rate_limit_service.program()
    except rate_limit_service.NotHereError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pair(programs: None, live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    live.store.tier("application", "ThreePerDay", 3, DAY)
    live.store.tier("subscription", "FourPerDay", 4, DAY)
    live.store.tier("subscription", "TwoASecond", 100_000, DAY, burst=2)
    # A state folder of their own, with a portal and an agent of their own; the database is the one there is.
    var, runtime = tmp_path_factory.mktemp("pair"), tmp_path_factory.mktemp("ratelimit")
    shutil.copytree(live.portal.var / "tls", var / "tls")
    portal = parts.portal(var, parts.free_port(), live.gateway.port)
    portal.environment["APIM_DATABASE_URL"] = live.portal.environment["APIM_DATABASE_URL"]
    with ExitStack() as stack:
        follow = ["manage.py", "write_ratelimit_config", "--follow", "--output", str(runtime)]
        telling = Part(var, 0, [sys.executable, *follow], portal.environment.copy())
        stack.callback(telling.end)
        telling.start(wait=False)
        parts.seconds_until(lambda: len(list(runtime.glob("config/*.yaml"))) == len(filters.LIMITS))
        # Not below the temporary folder of the tests, which may be long: the path of a socket has 107 characters.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="apim-ratelimit-", dir="/tmp")))
        service = stack.enter_context(rate_limit_service.serving(folder, runtime))
        portal.environment["APIM_RATELIMIT_SERVICE"] = f"http://127.0.0.1:{service.port}"
        gateways = [gateway(live, portal, stack, name) for name in ("east", "west")]
        for part in (portal, parts.agent(var)):
            stack.callback(part.end)
            part.start(wait=part is portal)
        for part in gateways:
            parts.seconds_until(part.answers)
        issuer = f"https://localhost:{portal.port}"
        mint = Mint(issuer, live.mint.audience, live.mint.private_key, live.mint.kid)
        found = Pair(gateways, mint, service)
        parts.seconds_until(lambda: {reply.status for reply in found.calls(2)} == {200})
        yield found


def gateway(live: Live, portal: Part, stack: ExitStack, name: str) -> Part:
    """One more, for the tokens of `live`'s gateway."""
    made = parts.gateway(portal.var, parts.free_port())
    file = str(portal.var / "gateway" / f"{name}.json")
    told = {"APIM_GATEWAY_PORT": str(made.port), "APIM_GATEWAY_URL": live.mint.audience}
    writer = replace(portal, environment=portal.environment | told)
    parts.manage(writer, "write_envoy_bootstrap", "--node-id", name, "--output", file)
    made.command[made.command.index("-c") + 1] = file
    stack.callback(made.end)
    made.start(wait=False)
    return made


def application(tier: str) -> dict[str, str]:
    return {"id": uuid.uuid4().hex, "name": "Limited", "tier": tier, "owner": "alice"}


def test_two_gateways_share_one_quota(pair: Pair) -> None:
    replies = pair.calls(5, application=application("ThreePerDay"))

    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert {reply.fault for reply in replies[3:]} == {(429, 900803)}


def test_two_gateways_share_a_subscription(pair: Pair) -> None:
    replies = pair.calls(5, subscriptions={"echo/1.0": "FourPerDay"})

    assert [reply.status for reply in replies] == [200, 200, 200, 200, 429]
    assert replies[4].fault == (429, 900804)


def test_two_gateways_share_the_tier_of_an_api_without_subscriptions(live: Live, pair: Pair) -> None:
    live.store.publish("/open-and-shared", live.backend.url, subscriptionless_tier="FourPerDay")
    address = f"{live.mint.audience}/open-and-shared/1.0"
    approved: dict[str, Any] = {"aud": address, "grant_id": "agreed", "application": None, "subscriptions": None}

    def calls(number: int) -> list[int]:
        told = {**approved, "client_id": uuid.uuid4().hex}
        tokens = [pair.mint.token(**told) for _ in range(number)]
        return [pair.gateways[turn % 2].get("/open-and-shared/1.0/", token).status for turn, token in enumerate(tokens)]

    parts.seconds_until(lambda: calls(2) == [200, 200])
    assert calls(5) == [200, 200, 200, 200, 429]


def test_burst_is_shared(pair: Pair) -> None:
    replies = pair.calls(20, subscriptions={"echo/1.0": "TwoASecond"})

    assert (429, 900807) in [reply.fault for reply in replies if reply.status == 429]


def test_caller_is_told_the_same_as_by_a_gateway_that_counts_by_itself(pair: Pair) -> None:
    replies = pair.calls(4, application=application("ThreePerDay"))

    assert replies[0].headers["x-ratelimit-remaining"] == "2"
    assert 1 <= int(replies[3].headers["retry-after"]) <= DAY
    assert set(replies[3].json["fault"]) == {"code", "message", "description", "nextAccessTime"}
    assert not replies[3].json["fault"]["nextAccessTime"].startswith("0000")


def test_unlimited_is_not_limited(pair: Pair) -> None:
    assert {reply.status for reply in pair.calls(10, subscriptions={"echo/1.0": "Unlimited"})} == {200}


def test_changed_tier_is_live_in_seconds(live: Live, pair: Pair) -> None:
    tier = live.store.tier("application", "ThreePerDay", 3, DAY)
    limited = {"application": application("ThreePerDay")}
    assert pair.calls(4, **limited)[3].status == 429

    live.store.change(tier, request_count=100)

    assert parts.seconds_until(lambda: pair.calls(1, **limited)[0].status == 200) < SOON
    live.store.change(tier, request_count=3)
    parts.seconds_until(lambda: pair.calls(1, **limited)[0].status == 429)


def test_calls_pass_while_the_service_does_not_answer(pair: Pair) -> None:
    limited = {"application": application("ThreePerDay")}
    assert pair.calls(4, **limited)[3].status == 429
    assert pair.service.process

    os.kill(pair.service.process.pid, signal.SIGSTOP)
    try:
        assert pair.calls(2, **limited)[1].status == 200
    finally:
        os.kill(pair.service.process.pid, signal.SIGCONT)

    parts.seconds_until(lambda: pair.calls(1, **limited)[0].status == 429)
