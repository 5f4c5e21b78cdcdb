"""The call log: lines, places in it, and its rotation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway import envoy_admin, faults, usage, usage_facts, usage_lines, usage_log
from gateway.usage import Counter
from store.usage import Group
from store.usage_models import DailyUser, HourlyUsage, LogPosition
from tests.outages import Looks, rename

if TYPE_CHECKING:
    from pytest_django import Settings

    from accounts.models import User


class Facts:
    def resource(self, api: str, path: str) -> str:
        return f"of {path}"

    def tier(self, application_id: str, api: str) -> str:
        return "Gold"


def line(**changes: Any) -> bytes:
    usual = {
        "time": "2026-11-24T04:30:36.123Z", "request_id": "1", "method": "GET", "path": "/photos/1.0/albums",
        "route": "photos/1.0 PRODUCTION", "api": "/photos/1.0", "resource": None, "key_type": "PRODUCTION",
        "status": 200, "details": "via_upstream", "fault": None, "milliseconds": 60, "backend_milliseconds": 40,
        "bytes_in": 1, "bytes_out": 2, "client_id": "key", "user": "bob", "application": "Printer",
        "application_id": "app",
    }  # fmt: skip
    return json.dumps(usual | changes).encode()


def group(**changes: Any) -> Group:
    return next(iter(usage_lines.piece_of([line(**changes)], Facts()).figures))


def test_every_part_of_a_call_is_kept() -> None:
    assert group() == (
        datetime(2026, 11, 24, 4, tzinfo=UTC), "/photos", "1.0", "of /albums", "GET", "app", "key", "PRODUCTION",
        "Gold", 200, 0,
    )  # fmt: skip


def test_call_without_a_token_counts_under_its_tier() -> None:
    assert group(application_id=None, client_id=None, open_tier="Unauthenticated").tier == "Unauthenticated"


def test_figures_are_added_up() -> None:
    piece = usage_lines.piece_of([line(), line(milliseconds=5, details="other", status=500)], Facts())

    sums = list(piece.figures.values())
    assert sums == [[1, 60, 1, 40, 1, 2, 0, 0, 1, 1, 1, 1], [1, 5, 0, 0, 1, 2, 1, 1, 1, 1, 1, 1]]
    assert piece.calls == 2
    assert list(piece.users.values()) == [2]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": 500}, 0),
        ({"details": "rbac_access_denied_matched_policy[none]", "fault": "900908", "status": 403}, 900908),
        ({"details": "direct_response", "status": 403, "fault": "900906"}, faults.NO_RESOURCE),
        ({"details": "direct_response", "status": 404, "api": None}, 404),
        ({"details": "direct_response", "status": 200, "api": None}, 0),
        ({"details": "downstream_remote_disconnect", "status": 0}, 0),
        ({"details": "downstream_remote_disconnect"}, 0),
        ({"details": "request_headers_too_large", "status": 431}, 431),
        ({"fault": "1"}, 0),
    ],
)
def test_fault_code_is_what_the_caller_was_told(changes: dict[str, Any], code: int) -> None:
    assert group(**changes).fault_code == code


def test_what_a_caller_makes_up_makes_no_rows() -> None:
    assert group(method="BREW").method == "OTHER"
    assert group(api=None, path="/made/up", route="nothing").resource == "nothing"


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"1", b"nonsense", b"{}", b'{"time": 1}', b"[" * 99999, b"\xff\xfe", b"\0" * 9]
)
def test_line_that_cannot_be_read_is_counted_as_such(text: bytes) -> None:
    piece = usage_lines.piece_of([text, line()], Facts())

    assert (piece.unreadable, piece.calls) == (1, 1)


@pytest.mark.parametrize("made_up", ['"', '"}', "\\", '","a":{"b":"', '{"', '"time":', '{"time":"', "\udcff"])
def test_call_counts_whatever_a_caller_or_a_backend_has_made_up(made_up: str) -> None:
    said = {"path": made_up, "method": "GET", "fault": made_up}
    rest = line(status=503)[1:].partition(b'"time"')
    spoilt = "".join(f'"{name}":"{value}",' for name, value in said.items()).encode(errors="surrogateescape")

    piece = usage_lines.piece_of([b"{" + spoilt + rest[1] + rest[2]], Facts())

    [counted] = piece.figures
    assert (piece.unreadable, counted.api, counted.application_id, counted.status) == (0, "/photos", "app", 503)


def test_line_behind_half_a_line_is_read() -> None:
    piece = usage_lines.piece_of([line()[:100] + line(), b"\0" * 100 + line()], Facts())

    assert (piece.unreadable, piece.calls) == (0, 2)


@pytest.mark.django_db
def test_resource_is_the_one_of_the_definition(alice: User) -> None:
    from store.models import Api

    paths: dict[str, Any] = {path: {"get": {}} for path in ("/", "/albums/{id}", "/albums/new", "/files/*")}
    Api.objects.create(name="photos", context="/photos", version="1.0", provider=alice, definition={"paths": paths})
    facts = usage_facts.StoreFacts()

    asked = ["", "/albums/7", "/albums/new", "/albums/7/8", "/files/a/b", "/else"]
    found = [facts.resource("/photos/1.0", path) for path in asked]
    assert found == ["/", "/albums/{id}", "/albums/new", "/*", "/files/*", "/*"]
    assert facts.resource("/unknown/1", "/x") == "/*"


@pytest.mark.django_db
def test_nobody_unknown_has_a_tier() -> None:
    facts = usage_facts.StoreFacts()

    assert facts.tier("1", "/photos/1.0") == ""
    assert facts.tier("3f1e5a9e-54a5-4f5e-9d0c-111111111111", "/photos/1.0") == ""


@pytest.mark.django_db
def test_client_without_a_subscription_has_the_tier_that_the_api_has_for_it(alice: User) -> None:
    from store.models import Api, Application, Subscription, ThrottlingPolicy

    columns = {"context": "/photos", "version": "1.0", "provider": alice, "subscriptionless_tier": "Bronze"}
    api = Api.objects.create(name="photos", **columns)
    policies = ThrottlingPolicy.objects
    quota, gold = policies.get(level="application", name="Unlimited"), policies.get(level="subscription", name="Gold")
    one, other = (Application.objects.create(owner=alice, name=name, policy=quota) for name in ("One", "Other"))
    Subscription.objects.create(application=one, api=api, policy=gold)
    facts = usage_facts.StoreFacts()

    found = [facts.tier(application_id, "/photos/1.0") for application_id in (str(one.pk), str(other.pk), "", "x")]
    assert found == ["Gold", "Bronze", "Bronze", "Bronze"]
    assert facts.tier("", "/unknown/1") == ""


def test_client_of_no_application_is_counted_by_its_name() -> None:
    address = f"https://client.example/{'x' * 280}"

    piece = usage_lines.piece_of([line(application_id=None, client_id=address, user="bob")], Facts())

    found = next(iter(piece.figures))
    assert (found.application_id, found.client_id, found.tier) == ("", address, "Gold")
    assert (piece.users, piece.unreadable) == ({}, 0)


@pytest.fixture
def log(settings: Settings, tmp_path: Path) -> Path:
    settings.GATEWAY_STATE = tmp_path
    log = usage_log.path("gateway")
    log.parent.mkdir()
    return log


def wrote(log: Path, *lines: bytes) -> None:
    with log.open("ab") as file:
        file.write(b"".join(text + b"\n" for text in lines))


def number() -> int:
    return sum(HourlyUsage.objects.values_list("calls", flat=True))


@pytest.mark.django_db
def test_only_what_is_new_is_counted(log: Path) -> None:
    wrote(log, line(), line())
    Counter("gateway").step()
    wrote(log, line())
    Counter("gateway").step()

    assert number() == 3
    assert LogPosition.objects.get().offset == log.stat().st_size


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_database_that_is_away_is_told_once_and_that_it_is_back(log: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gateway.usage")
    table = LogPosition._meta.db_table
    goes, comes = partial(rename, table, "away"), partial(rename, "away", table)
    wrote(log, line())

    goes()
    usage.work("gateway", Looks(int, int, int, comes, int, goes, partial(wrote, log, line()), int, comes))

    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(" gateway ")[2].partition(":")[0].partition(",")[0] for text in told] == [
        "waits", "is counted again", "waits", "is counted again",
    ]  # fmt: skip
    assert number() == 2


@pytest.mark.django_db
def test_half_a_line_waits_for_its_end(log: Path) -> None:
    counter = Counter("gateway")
    wrote(log, line())
    with log.open("ab") as file:
        file.write(line()[:50])
    counter.step()
    assert number() == 1

    wrote(log, line()[50:])
    counter.step()
    assert number() == 2


@pytest.mark.django_db
def test_log_that_is_not_there_yet_is_waited_for(log: Path) -> None:
    counter = Counter("gateway")
    assert not counter.step()

    wrote(log, line())
    counter.step()

    assert number() == 1


@pytest.mark.django_db
def test_second_counter_counts_nothing_twice(log: Path) -> None:
    one, two = Counter("gateway"), Counter("gateway")
    wrote(log, line())
    one.step()
    two.step()
    wrote(log, line())
    two.step()
    one.step()
    one.step()

    assert number() == 2


@pytest.mark.django_db
def test_old_file_is_counted_to_its_end_before_the_new_one(log: Path) -> None:
    counter = Counter("gateway")
    wrote(log, line(request_id="first"))
    counter.step()
    wrote(log, line())
    usage_log.set_aside(log)
    wrote(usage_log.rotated(log), line())
    wrote(log, line(request_id="another"))

    for _ in range(3):
        counter.step()

    assert number() == 4
    assert not usage_log.rotated(log).exists()


@pytest.mark.django_db
def test_log_that_was_taken_away_is_begun_anew(log: Path) -> None:
    wrote(log, line(request_id="first"), line())
    Counter("gateway").step()
    log.unlink()
    wrote(log, line(request_id="another"), line(), line())

    Counter("gateway").step()

    assert number() == 5


@pytest.mark.django_db
def test_large_log_is_set_aside_and_envoy_asked(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(node: str, method: str, path: str) -> tuple[int, str]:
        asked.append(path)
        return 200, ""

    monkeypatch.setattr(usage_log, "LARGE", 10)
    monkeypatch.setattr(envoy_admin, "ask", answer)
    wrote(log, line())

    Counter("gateway").step()

    assert usage_log.is_aside(log)
    assert asked == ["/ready", "/reopen_logs"]


@pytest.mark.django_db
def test_large_log_stays_where_envoy_cannot_be_asked(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_log, "LARGE", 10)
    wrote(log, line())

    Counter("gateway").step()

    assert log.exists()


@pytest.mark.django_db
def test_large_backlog_is_counted_in_pieces(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_log, "PIECE", 1500)
    wrote(log, *[line()] * 10, b"x" * 4000, line())
    counter = Counter("gateway")
    steps = 1

    while counter.step():
        steps += 1

    assert steps > 3
    assert number() == 11


@pytest.mark.django_db
def test_figures_and_place_are_written_together(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    wrote(log, line())
    with monkeypatch.context() as patched:
        patched.setattr("store.usage.totals", killed)
        with pytest.raises(KeyboardInterrupt):
            Counter("gateway").step()
    assert (number(), LogPosition.objects.count()) == (0, 0)

    Counter("gateway").step()
    assert (number(), DailyUser.objects.get().calls) == (1, 1)


def test_name_of_a_gateway_leads_nowhere_else(settings: Settings, tmp_path: Path) -> None:
    settings.GATEWAY_STATE = tmp_path

    assert usage_log.path("../../etc/x").parent == tmp_path / "calls"


def test_socket_is_left_out_where_its_path_is_too_long(settings: Settings, tmp_path: Path) -> None:
    settings.GATEWAY_STATE = tmp_path / ("x" * 100)

    assert envoy_admin.socket_path("gateway") is None
    with pytest.raises(OSError, match="too long"):
        envoy_admin.ask("gateway", "GET", "/ready")
