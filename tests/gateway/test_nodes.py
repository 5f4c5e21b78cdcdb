"""The page "Gateways": who is there, with which state, and how far their calls are counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from gateway import node_key, nodes
from store import usage
from store.models import Api
from store.usage import Piece, Place
from store.usage_models import GatewayState

if TYPE_CHECKING:
    from pytest_django import Settings

    from accounts.models import User

NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    nodes.forget()
    yield
    nodes.forget()


@pytest.fixture
def key(settings: Settings, tmp_path: Path) -> str:
    settings.GATEWAY_STATE = tmp_path / "gateway"
    return node_key.ensure()


def ask(key: str, version: str = "", **more: Any) -> Any:
    question = {"version_info": version, "node": {"id": "east", "metadata": {"key": key}}, **more}
    return Client().post(reverse("gateway:routes"), json.dumps(question), content_type="application/json")


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="accounts.backends.AuthenticationBackend")
    return browser


@pytest.fixture
def staff(alice: User) -> Client:
    alice.is_staff = True
    alice.save()
    return signed_in(alice)


def told(staff: Client) -> Any:
    return staff.get(reverse("gateway:gateways-json")).json()["gateways"][0]


def test_gateway_that_asks_is_there_with_its_version(staff: Client, key: str) -> None:
    version = ask(key).json()["version_info"]
    ask(key, version)

    east = told(staff)
    assert (east["node"], east["away"], east["lagSeconds"]) == ("east", False, 0)
    assert east["states"] == [{"kind": "routes", "version": version, "offered": version}]


def test_gateway_that_does_not_take_its_state_is_late(staff: Client, key: str) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        ask(key, "old")
        clock.shift(timedelta(seconds=20))
        ask(key, "older", error_detail={"message": "no such cluster"})

        assert told(staff)["lagSeconds"] == 20
        assert told(staff)["problems"] == ["routes: no such cluster"]
        assert "Refused its state" in staff.get(reverse("gateway:gateways")).content.decode()


def test_gateway_that_has_its_state_and_a_problem_needs_attention(staff: Client, key: str) -> None:
    version = ask(key).json()["version_info"]
    ask(key, version, error_detail={"message": "no room on its disk"})

    page = staff.get(reverse("gateway:gateways")).content.decode()
    assert "Needs attention" in page
    assert "no room on its disk" in page
    assert "Refused its state" not in page


def test_gateway_that_asks_no_more_is_away(staff: Client, key: str) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        ask(key)
        clock.shift(timedelta(seconds=31))

        assert told(staff)["away"]


def test_question_that_says_nothing_new_writes_nothing(key: str, django_assert_num_queries: Any) -> None:
    ask(key)

    with django_assert_num_queries(1):
        ask(key)


def test_busy_database_keeps_nobody_from_an_answer(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    def busy(*args: Any) -> None:
        waits.append(busy_timeout())
        raise OperationalError("database is locked")

    usually = busy_timeout()
    monkeypatch.setattr(nodes, "write", busy)

    assert [ask(key).status_code, ask(key, version_info="other").status_code] == [200, 200]
    # Tried once, not at every question; a moment is what a thread has for it.
    assert len(waits) == 1
    assert connection.vendor != "sqlite" or waits[0] <= 200 < usually == busy_timeout()


def busy_timeout() -> int:
    """How long this connection waits for another writer, in milliseconds; 0 where that is nothing it does."""
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])


@pytest.mark.parametrize(
    "more",
    [{"resource_names": 1}, {"error_detail": 1}, {"version_info": ["\0\ud800"]}, {"resource_names": ["x" * 999]}],
)
def test_strange_question_is_written_down_somehow(key: str, more: dict[str, Any]) -> None:
    assert ask(key, **more).status_code == 200
    assert GatewayState.objects.count() == 1


def test_stranger_is_not_written_down(key: str) -> None:
    ask("wrong")

    assert not GatewayState.objects.exists()


def names_written() -> set[str]:
    return set(GatewayState.objects.values_list("node", flat=True))


def come(key: str, *names: str) -> None:
    for name in names:
        assert ask(key, node={"id": name, "metadata": {"key": key}}).status_code == 200


def test_made_up_names_are_written_down_so_many_times_only(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has stolen the key may call itself anything. Gateways that are there stay, and are answered in any case."""
    monkeypatch.setattr(nodes, "MOST", 5)
    with time_machine.travel(NOW, tick=False) as clock:
        come(key, "east", "west")
        come(key, *(f"made up {number}" for number in range(9)))
        assert names_written() == {"east", "west", *(f"made up {number}" for number in range(3))}

        nodes.forget()  # as another process
        clock.shift(timedelta(seconds=20))
        come(key, "east", "west", "made up 9")
        assert GatewayState.objects.get(node="west").seen_at == NOW + timedelta(seconds=20)
        assert len(names_written()) == 5


def test_room_for_a_new_gateway_is_that_of_the_one_that_is_away_for_longest(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MOST", 3)
    usage.record("counted", Place("", 0), Place("file", 10), Piece(calls=1), behind=0)
    with time_machine.travel(NOW, tick=False) as clock:
        for name in ("counted", "made up 1", "made up 2"):
            come(key, name)
            clock.shift(timedelta(seconds=20))

        come(key, "new")
        assert names_written() == {"counted", "made up 2", "new"}


def test_counted_gateways_that_are_gone_leave_room_for_new_ones(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where gateways come and go under names of their own, each with its counter."""
    monkeypatch.setattr(nodes, "MOST", 2)
    with time_machine.travel(NOW, tick=False) as clock:
        for name in ("gone", "away"):
            usage.record(name, Place("", 0), Place("file", 10), Piece(calls=1), behind=0)
            come(key, name)
            clock.shift(timedelta(days=6))

        come(key, "new")
        assert names_written() == {"away", "new"}

        come(key, "newer")
        assert names_written() == {"away", "new"}


def test_one_question_of_many_names_is_held_to_it_too(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST", 20)
    questions = [{"kind": "routes", "node": {"id": f"made up {number}"}} for number in range(100)]

    told = {"node": {"id": "east", "metadata": {"key": key}}, "questions": questions}
    response = Client().post(reverse("gateway:news"), json.dumps(told), content_type="application/json")

    assert len(json.loads(response.content)["new"]) == 100
    assert GatewayState.objects.count() == 20


def test_counter_is_shown(staff: Client, key: str) -> None:
    usage.record("east", Place("", 0), Place("file", 10), Piece(calls=1234), behind=5000)

    page = staff.get(reverse("gateway:gateways")).content.decode()
    assert '<td data-label="Calls counted">1,234</td>' in page
    assert "Running" in page
    assert "Away" in page


def test_gateway_that_is_away_for_a_week_is_told_of_no_more(staff: Client, key: str) -> None:
    def shown() -> list[str]:
        return [row["node"] for row in staff.get(reverse("gateway:gateways-json")).json()["gateways"]]

    with time_machine.travel(NOW, tick=False) as clock:
        for name in ("east", "west"):
            ask(key, node={"id": name, "metadata": {"key": key}})
        clock.shift(timedelta(days=6))
        usage.record("west", Place("", 0), Place("file", 10), Piece(calls=1))
        assert shown() == ["east", "west"]
        clock.shift(timedelta(days=2))
        assert shown() == ["west"]
        clock.shift(timedelta(days=6))
        assert shown() == []
        nodes.forget()  # the clock that says what was written down just now does not travel
        ask(key)
        assert shown() == ["east"]


@pytest.mark.parametrize("name", ["gateway:gateways", "gateway:gateways-json"])
def test_page_is_for_staff_only(bob: User, name: str) -> None:
    assert signed_in(bob).get(reverse(name)).status_code == 404
    assert Client().get(reverse(name)).status_code == 302


def test_api_that_no_gateway_is_told_of_is_shown_with_the_reason(staff: Client, alice: User) -> None:
    api = {"context": "/bad", "version": "1.0", "provider": alice, "status": "PUBLISHED"}
    Api.objects.create(name="bad", production_endpoints=["ftp://nowhere"], **api)

    page = staff.get(reverse("gateway:gateways")).content.decode()
    assert "Left out" in page
    assert "The endpoint ftp://nowhere must begin with http:// or https://." in page
    told = staff.get(reverse("gateway:gateways-json")).json()["leftOut"]
    assert [one["api"] for one in told] == ["/bad/1.0"]


def test_page_says_that_there_is_none(staff: Client) -> None:
    assert "No gateway yet" in staff.get(reverse("gateway:gateways")).content.decode()


def test_two_gateways_with_the_same_state_show_the_same_version(staff: Client, key: str) -> None:
    version = ask(key).json()["version_info"]
    for node, has in (("east", version), ("west", version), ("north", "old")):
        ask(key, has, node={"id": node, "metadata": {"key": key}})

    told_by = {row["node"]: row["version"] for row in staff.get(reverse("gateway:gateways-json")).json()["gateways"]}

    assert told_by["east"] == told_by["west"] != told_by["north"]
