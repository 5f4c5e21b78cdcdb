"""What is killed, full or refused, with the real parts: what goes on, and how everything comes back."""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Part

SOON = parts.SOON
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
runpy.run_module("gateway.agent", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def all_back(live: Live) -> Iterator[None]:
    """Whatever a test has killed runs again."""
    yield
    for part in (live.agent, live.gateway, live.portal):
        if part.is_over:
            part.start(wait=False)
    parts.seconds_until(lambda: live.gateway.answers() and live.gateway.call("POST", "/token").status < 500)


@pytest.fixture
def path() -> str:
    """A context nobody has used."""
    return f"/api-{uuid.uuid4().hex[:8]}"


def status(live: Live, token: str) -> int:
    return live.gateway.get("/echo/1.0/albums", token).status


def is_known(live: Live, path: str) -> bool:
    return live.gateway.get(f"{path}/1.0/").status == 401


def is_served(live: Live, path: str) -> bool:
    return live.gateway.get(f"{path}/1.0/", live.mint.token(f"{path[1:]}/1.0")).status == 200


def test_restarted_gateway_without_the_portal_starts_from_the_last_good_state(
    live: Live, path: str, all_back: None
) -> None:
    live.store.publish(path, live.backend.url)
    live.store.revoke_token("revoked-and-kept")
    revoked = live.mint.token("echo/1.0", jti="revoked-and-kept")
    parts.seconds_until(lambda: is_served(live, path) and status(live, revoked) == 401)

    # At one moment, so that what is on disk has to be enough.
    for part in (live.agent, live.portal, live.gateway):
        part.kill()
    live.agent.start(wait=False)
    live.gateway.start()

    assert status(live, live.token) == 200
    assert live.gateway.get("/echo/1.0/", revoked).fault == (401, 900901)
    assert live.gateway.get("/echo/1.0/", live.mint.token()).fault == (403, 900908)
    assert is_served(live, path)
    assert live.gateway.call("POST", "/token").fault == (503, 101503)

    live.portal.start()
    live.store.publish(f"{path}-later", live.backend.url)
    live.store.revoke_token("revoked-later")
    later = live.mint.token("echo/1.0", jti="revoked-later")

    assert parts.seconds_until(lambda: is_known(live, f"{path}-later")) < SOON
    assert parts.seconds_until(lambda: status(live, later) == 401) < SOON


def test_killed_agent_is_not_missed_and_hears_what_is_new_when_it_is_back(
    live: Live, path: str, all_back: None
) -> None:
    live.agent.kill()
    live.store.publish(path, live.backend.url)

    assert status(live, live.token) == 200
    live.agent.start(wait=False)

    assert parts.seconds_until(lambda: is_known(live, path)) < SOON + 1  # it starts, too


def test_killed_gateway_is_back_with_the_newest_state(live: Live, path: str, all_back: None) -> None:
    live.gateway.kill()
    live.store.publish(path, live.backend.url)
    live.store.revoke_token("revoked-meanwhile")

    live.gateway.start()

    assert is_known(live, path)
    assert status(live, live.mint.token("echo/1.0", jti="revoked-meanwhile")) == 401


@pytest.fixture
def broken_authorities(var: Path) -> Iterator[Path]:
    """The file that an Envoy checks backends by, unusable for the moment."""
    file = var / "tls" / "backends.pem"
    file.write_text("no certificate\n")
    yield file
    shutil.copyfile(var / "tls" / "ca.pem", file)


def test_state_that_envoy_refuses_is_kept_out_and_the_portal_told_why(
    live: Live, path: str, broken_authorities: Path, var: Path
) -> None:
    api = live.store.publish(path, "https://127.0.0.1:1")

    parts.seconds_until(lambda: bool(live.store.problem("gateway", "clusters")))
    state = live.store.state("gateway", "clusters")
    assert "backends.pem" in state.problem
    assert state.version
    assert state.version != state.offered
    assert status(live, live.token) == 200

    live.store.change(api, production_endpoints=[live.backend.url])

    parts.seconds_until(lambda: is_served(live, path))
    parts.seconds_until(lambda: not live.store.problem("gateway", "clusters"))


@pytest.fixture
def agent_on_a_full_disk(live: Live) -> Iterator[Part]:
    """In the place of the agent, one that can write no large file."""
    live.agent.end()
    command = [sys.executable, "-c", LIMITED, live.agent.command[-1]]
    agent = Part(live.portal.var, 1, command)
    agent.start(wait=False)
    yield agent
    agent.end()
    if live.agent.is_over:
        live.agent.start(wait=False)


def test_full_disk_keeps_no_news_from_envoy_and_the_portal_is_told(
    live: Live, path: str, agent_on_a_full_disk: Part
) -> None:
    live.store.publish(path, live.backend.url)

    assert parts.seconds_until(lambda: is_known(live, path)) < SOON + 1
    parts.seconds_until(lambda: "could not be kept" in live.store.problem("gateway", "routes apis"))
    assert not agent_on_a_full_disk.is_over

    # There is room again: what is in use comes to the disk without anybody's doing.
    agent_on_a_full_disk.end()
    live.agent.start(wait=False)
    file = live.portal.var / "gateway" / "last-good" / "gateway" / "routes_apis.accepted"
    parts.seconds_until(lambda: path in file.read_text())
    parts.seconds_until(lambda: not live.store.problem("gateway", "routes apis"))


@pytest.mark.parametrize(("portal_is_ahead_by", "expected"), [(300, 200), (-240, 200), (-300, 401)])
def test_clock_five_minutes_off_costs_five_minutes_of_a_token(
    live: Live, portal_is_ahead_by: int, expected: int
) -> None:
    now = int(time.time()) + portal_is_ahead_by
    token = live.mint.token("echo/1.0", iat=now, nbf=None, exp=now + 290)

    assert status(live, token) == expected


FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
AHEAD = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+300s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def portal_five_minutes_ahead(live: Live, all_back: None) -> Iterator[None]:
    """So the gateway's clock is behind. (Envoy itself does not run with another clock than the machine's.)"""
    usual = live.portal.environment
    live.portal.kill()
    live.portal.environment = usual | AHEAD
    live.portal.start()
    yield
    live.portal.kill()
    live.portal.environment = usual


@pytest.mark.skipif(not FAKETIME, reason="no libfaketime here (Debian: apt-get install faketime)")
def test_gateway_whose_clock_is_behind_refuses_what_was_revoked_and_has_expired_elsewhere(
    live: Live, portal_five_minutes_ahead: None
) -> None:
    token = live.mint.token("echo/1.0", exp=int(time.time()) + 60, jti="revoked-and-expired")
    assert status(live, token) == 200

    live.store.revoke_tokens(["revoked-and-expired"], seconds_ago=-300, expires_in=60)  # by the clock of the portal

    assert parts.seconds_until(lambda: status(live, token) == 401) < SOON
