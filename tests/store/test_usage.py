"""Figures: added up exactly, kept small, and shown to whom they belong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from accounts.models import User
from store import api_keys, usage
from store.models import Application
from store.usage import Group, OvertakenError, Piece, Place
from store.usage_models import ApiTotal, DailyUser, HourlyUsage, LogPosition
from tests.store.conftest import add

URL, JSON = "/store/statistics/usage/", "/store/statistics/usage.json"
NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
START, END = Place("", 0), Place("first", 100)

pytestmark = pytest.mark.django_db


def group(**changes: Any) -> Group:
    usual: dict[str, Any] = {
        "hour": HOUR, "api": "/photos", "version": "1.0", "resource": "/albums", "method": "GET", "application_id": "1",
        "client_id": "key", "key_type": "PRODUCTION", "tier": "Gold", "status": 200, "fault_code": 0,
    }  # fmt: skip
    return Group(**(usual | changes))


def calls(number: int, milliseconds: int = 20) -> list[int]:
    return [number, number * milliseconds, number, number, 0, 10 * number, 0, *[number] * 5]


def counted(*groups: Group, number: int = 1, users: dict[Any, int] | None = None) -> None:
    at = usage.place("gateway")
    piece = Piece(figures={group: calls(number) for group in groups}, users=users or {}, calls=number * len(groups))
    usage.record("gateway", at, Place("file", at.offset + 1), piece)


def test_calls_are_added_to_the_row_that_is_there() -> None:
    counted(group(), number=2)
    counted(group(), number=3)

    row = HourlyUsage.objects.get()
    assert (row.calls, row.milliseconds, row.bytes_out, row.within_10, row.within_50) == (5, 100, 50, 0, 5)
    assert (row.hour, row.tier) == (HOUR, "Gold")
    assert ApiTotal.objects.get().calls == 5


def test_rows_grow_with_hours_and_applications_and_not_with_calls() -> None:
    for _ in range(3):
        counted(*(group(application_id=str(number)) for number in range(4)), number=1000)
    counted(group(application_id="1", hour=HOUR + timedelta(hours=1)))

    assert HourlyUsage.objects.count() == 5


def test_a_piece_of_the_log_is_counted_once() -> None:
    piece = Piece(figures={group(): calls(1)}, calls=1)
    usage.record("gateway", START, END, piece)

    with pytest.raises(OvertakenError):
        usage.record("gateway", START, END, piece)

    assert HourlyUsage.objects.get().calls == 1
    assert LogPosition.objects.get().calls == 1


def test_each_gateway_has_its_own_place() -> None:
    usage.record("one", START, END, Piece())

    assert usage.place("one") == END
    assert usage.place("two") == START


def test_what_no_database_can_keep_is_cleaned() -> None:
    counted(group(resource="/a\0b\ud800" + "x" * 1000, client_id="y" * 1000), group(client_id="y" * 1000 + "\0"))

    assert HourlyUsage.objects.count() == 2
    assert "\0" not in "".join(HourlyUsage.objects.values_list("resource", flat=True))


def test_of_many_users_the_most_active_keep_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "USERS_KEPT", 2)
    day = NOW.date()
    counted(group(), users={(day, "1", f"user-{number}"): number for number in range(1, 7)})
    counted(group(), users={(day, "2", "few"): 1})

    assert usage.trim(day) == 4

    rows = dict(DailyUser.objects.filter(application_id="1").values_list("subject", "calls"))
    assert rows == {"user-6": 6, "user-5": 5, "": 10}
    assert DailyUser.objects.filter(application_id="2").count() == 1


def test_old_figures_are_forgotten() -> None:
    day = NOW - timedelta(days=400)
    counted(group(hour=day), group(hour=day + timedelta(hours=2)), users={(day.date(), "1", "bob"): 1})

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert usage.forget(days=400) == 1


@pytest.fixture
def used(printer: Application, bob: User) -> Application:
    pk = str(printer.pk)
    with time_machine.travel(NOW, tick=False):
        counted(
            group(application_id=pk),
            number=7,
            users={(NOW.date(), pk, str(bob.subject)): 6, (NOW.date(), pk, "key"): 1},
        )
        counted(group(application_id=pk, status=403, fault_code=900908), group(application_id=pk, status=500))
        counted(group(application_id=pk, hour=HOUR - timedelta(days=3)), number=100)
    return printer


def test_the_page_shows_the_four_blocks(alices: Browser, used: Application) -> None:
    with time_machine.travel(NOW, tick=False):
        page = alices.get(URL).content.decode()

    for title in ("API Usage per Application", "Top Users", "API Usage from Resource Path", "Faulty Invocations per"):
        assert f"<h2>{title}" in page
    assert '<td data-label="Calls">9</td>' in page
    assert '<th scope="row">bob</th>' in page
    assert "<code>GET /albums</code>" in page
    assert '<td data-label="Fault code">900908</td>' in page
    assert '<td data-label="Fault code">of the server</td>' in page


def test_the_json_says_the_same(alices: Browser, used: Application) -> None:
    with time_machine.travel(NOW, tick=False):
        told = alices.get(JSON).json()

    assert told["apiUsagePerApplication"] == [
        {"application": "Photo Printer", "applicationId": str(used.pk), "api": "/photos", "version": "1.0", "calls": 9}
    ]
    assert [(row["user"], row["calls"]) for row in told["topUsers"]] == [("bob", 6), ("key", 1)]
    assert told["apiUsageFromResourcePath"][0]["milliseconds"] == 20
    assert {row["status"] for row in told["faultyInvocationsPerApplication"]} == {403, 500}


def test_api_key_is_told_by_its_name(alices: Browser, printer: Application) -> None:
    pk = str(printer.pk)
    key = api_keys.generate(application=printer, key_type="PRODUCTION", name="Nightly import", expires_at=None).row
    subjects = {f"apikey-{key.pk}": 5, "apikey-of-nobody": 4, f"apikey-{printer.pk}": 3}
    with time_machine.travel(NOW, tick=False):
        counted(group(application_id=pk), users={(NOW.date(), pk, subject): subjects[subject] for subject in subjects})
        told = alices.get(JSON).json()

    users = [row["user"] for row in told["topUsers"]]
    assert users == ["API key Nightly import", "apikey-of-nobody", f"apikey-{printer.pk}"]


@pytest.mark.parametrize(("period", "number"), [("hour", 9), ("day", 9), ("week", 109), ("nonsense", 9)])
def test_the_period_is_chosen(alices: Browser, used: Application, period: str, number: int) -> None:
    with time_machine.travel(NOW, tick=False):
        told = alices.get(JSON, {"period": period}).json()

    assert told["apiUsagePerApplication"][0]["calls"] == number


def test_usage_of_others_is_not_shown(charlies: Browser, used: Application) -> None:
    with time_machine.travel(NOW, tick=False):
        assert charlies.get(JSON).json()["apiUsagePerApplication"] == []
        assert "No calls yet" in charlies.get(URL).content.decode()


def test_a_stranger_signs_in_first(client: Browser) -> None:
    assert client.get(URL).status_code == 302
    assert client.get(JSON).status_code == 302


def test_the_number_of_queries_is_the_same_for_many(
    alices: Browser, alice: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        counted(group(application_id=str(add(alice, f"Application {number}").pk)))
    alices.get(URL)

    with django_assert_max_num_queries(10):
        alices.get(URL, {"period": "month"})
