"""From calls through a real Envoy to figures: all of them, once, also when the counter is killed."""

from __future__ import annotations

import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Part
from tests.gateway.store_rows import ALIAS


class Counter:
    """`manage.py count_calls` beside the gateway, a process of its own."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.begin()

    def begin(self) -> None:
        self.process = forked.begin(self.live.store.command, "count_calls")

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.fixture
def counter(live: Live) -> Iterator[Counter]:
    counter = Counter(live)
    yield counter
    counter.kill()


def rows(live: Live, application_id: str) -> list[Any]:
    from store.usage_models import HourlyUsage

    with live.store.database():
        return list(HourlyUsage.objects.using(ALIAS).filter(application_id=application_id).order_by("-calls").values())


def caller(live: Live) -> tuple[str, str]:
    """An application nobody else has, and a token of it for /echo 1.0."""
    application_id = str(uuid.uuid4())
    application = {"id": application_id, "name": "Counted", "tier": "Unlimited", "owner": "alice"}
    return application_id, live.mint.token("echo/1.0", application=application)


def test_calls_are_counted_within_ten_seconds(live: Live, counter: Counter) -> None:
    application_id, token = caller(live)
    for _ in range(3):
        live.gateway.call("POST", "/echo/1.0/albums?page=1", token, body="x" * 1000)

    assert parts.seconds_until(lambda: sum(row["calls"] for row in rows(live, application_id)) == 3) < 8 + parts.SOON

    row = rows(live, application_id)[0]
    assert (row["api"], row["version"], row["resource"], row["method"]) == ("/echo", "1.0", "/*", "POST")
    assert (row["client_id"], row["key_type"], row["status"], row["fault_code"]) == (
        "consumer-key", "PRODUCTION", 200, 0,
    )  # fmt: skip
    # Two rows, where the clock has struck between two calls.
    figures = [
        sum(row[name] for row in rows(live, application_id)) for name in ("bytes_in", "backend_calls", "within_5000")
    ]
    assert figures == [3000, 3, 3]
    assert sum(row["bytes_out"] for row in rows(live, application_id)) > 3000


def test_refused_call_counts_with_its_fault_code(live: Live, counter: Counter) -> None:
    application_id, _ = caller(live)
    token = live.mint.token("photos/1.0", application={"id": application_id})

    assert live.gateway.get("/echo/1.0/albums", token).headers["x-fault-code"] == "900908"

    parts.seconds_until(lambda: bool(rows(live, application_id)))
    row = rows(live, application_id)[0]
    assert (row["status"], row["fault_code"], row["backend_calls"]) == (403, 900908, 0)


def test_counter_that_is_killed_counts_nothing_twice_and_loses_nothing(live: Live, counter: Counter) -> None:
    application_id, token = caller(live)
    for killed in range(2):
        for number in range(20):
            live.gateway.get("/echo/1.0/", token)
            if number == 15:
                # It is at work by now, and some calls are still to be counted.
                parts.seconds_until(lambda: sum(row["calls"] for row in rows(live, application_id)) > 20 * killed)  # noqa: B023
                counter.kill()
                counter.begin()

    parts.seconds_until(lambda: sum(row["calls"] for row in rows(live, application_id)) >= 40)
    live.store.command("count_calls", "--once")
    assert sum(row["calls"] for row in rows(live, application_id)) == 40


def test_administration_is_for_its_owner_only(live: Live) -> None:
    door = live.gateway.calls.with_suffix(".admin")

    assert stat.S_IMODE(door.stat().st_mode) == 0o600
    assert stat.S_IMODE(live.gateway.calls.parent.stat().st_mode) == 0o700


def test_log_is_rotated_without_losing_a_call(live: Live) -> None:
    application_id, token = caller(live)
    live.gateway.get("/echo/1.0/", token)
    live.gateway.calls.rename(f"{live.gateway.calls}.1")

    live.store.command("count_calls", "--once")
    live.gateway.get("/echo/1.0/", token)
    parts.seconds_until(lambda: live.gateway.calls.exists() and bool(live.gateway.calls.read_text()))

    # Envoy writes a line after a while, so this may take a second look.
    def counted() -> int:
        live.store.command("count_calls", "--once")
        return sum(row["calls"] for row in rows(live, application_id))

    parts.seconds_until(lambda: counted() >= 2)
    assert counted() == 2


def test_log_that_somebody_has_removed_is_opened_anew(live: Live, counter: Counter) -> None:
    live.gateway.calls.unlink()

    parts.seconds_until(live.gateway.calls.exists)

    application_id, token = caller(live)
    live.gateway.get("/echo/1.0/", token)
    parts.seconds_until(lambda: sum(row["calls"] for row in rows(live, application_id)) == 1)


@pytest.fixture
def gateway_on_a_full_disk(live: Live) -> Iterator[Part]:
    var = live.portal.var
    gateway = parts.gateway(var, parts.free_port())
    file = var / "gateway" / "full.json"
    door = parts.portal(var, live.portal.port, gateway.port)
    parts.manage(door, "write_envoy_bootstrap", "--output", str(file), "--node-id", "full")
    gateway.calls.with_name("full.log").symlink_to("/dev/full")
    gateway.command[2] = str(file)
    gateway.start()
    yield gateway
    gateway.end()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_calls_go_on_with_a_full_disk(gateway_on_a_full_disk: Part) -> None:
    for _ in range(20):
        assert gateway_on_a_full_disk.get("/echo/1.0/").fault == (401, 900902)
        time.sleep(0.02)

    assert not gateway_on_a_full_disk.is_over
