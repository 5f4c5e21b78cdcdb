"""One question of an agent for all that it holds: what of it is new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway import apis, filters, kinds, node_key, nodes, revocations
from keymanager.models import RevokedToken
from store.models import BlockingCondition
from store.usage_models import GatewayState
from tests.gateway.test_discovery import publish

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from accounts.models import User

NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
WHOLE = {"routes": ["apis"], "clusters": []}
NAMES = [*WHOLE, *kinds.FILTERS]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(nodes, "WRITTEN_SECONDS", 60.0)  # longer than any of these tests takes
    apis.forget()
    nodes.forget()
    revocations.forget()
    with time_machine.travel(NOW, tick=False):  # each minute the earlier revocations are made anew
        yield
    nodes.forget()
    revocations.forget()


@pytest.fixture
def key(settings: Settings, tmp_path: Path) -> str:
    settings.GATEWAY_STATE = tmp_path / "gateway"
    return node_key.ensure()


def question(name: str, has: str, node: str = "east", **more: Any) -> dict[str, Any]:
    """Of one kind: routes, clusters, or the name of a filter."""
    kind, names = (name, WHOLE[name]) if name in WHOLE else (kinds.FILTER, [name])
    told = {"kind": kind, "node": {"id": node}, "resource_names": names}
    return {**told, "version_info": has, "response_nonce": has, **more}


def post(path: str, asked: dict[str, Any], key: Any) -> HttpResponse:
    asked = {"node": {"id": "east", "metadata": {"key": key}}, **asked}
    return Client().post(path, json.dumps(asked), content_type="application/json")  # type: ignore[return-value]


def ask(key: Any, questions: Any) -> HttpResponse:
    return post(reverse("gateway:news"), {"questions": questions}, key)


def new(key: str, *questions: Any) -> list[int]:
    return list(json.loads(ask(key, questions).content)["new"])


def versions(key: str) -> dict[str, str]:
    """Of every kind, as it is told to who asks for that alone."""
    found = {}
    for name in NAMES:
        asked = question(name, "")
        answer = post(f"/v3/discovery:{asked['kind']}", {"resource_names": asked["resource_names"]}, key)
        found[name] = json.loads(answer.content)["version_info"]
    return found


def named(key: str, has: dict[str, str]) -> list[str]:
    places = new(key, *(question(name, version) for name, version in has.items()))
    return [list(has)[place] for place in places]


def test_nothing_is_new_to_who_has_been_told_all(alice: User, key: str) -> None:
    publish(alice, "/photos")

    assert reverse("gateway:news") == "/gateway/news"
    assert len(NAMES) == 13
    assert named(key, versions(key)) == []


def test_what_has_changed_is_new_and_nothing_else(alice: User, key: str) -> None:
    publish(alice, "/photos")
    has = versions(key)

    RevokedToken.objects.create(jti="revoked", expires_at=timezone.now() + timedelta(hours=1))
    assert named(key, has) == [filters.REVOKED_LATELY]

    BlockingCondition.objects.create(kind="address", value="10.0.0.0/8")
    publish(alice, "/videos")
    changed = {"routes", "clusters", filters.API, filters.BLOCKED_PLACES, filters.REVOKED_LATELY}
    assert set(named(key, has)) == changed
    assert named(key, versions(key)) == []


def test_each_gateway_is_told_its_own(alice: User, key: str) -> None:
    publish(alice, "/photos")
    has = versions(key)["routes"]

    asked = [question("routes", "old", "east"), question("routes", has, "west"), question("routes", "", "north")]

    assert new(key, *asked) == [0, 2]


def test_what_was_told_last_counts_and_not_what_is_in_use(alice: User, key: str) -> None:
    has = versions(key)["routes"]

    assert (
        new(key, question("routes", "refused it", response_nonce=has), question("routes", has, response_nonce="")) == []
    )


@pytest.mark.parametrize("count", [1, 10])
def test_question_for_all_costs_fewer_statements_than_one_for_each(
    alice: User, key: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish(alice, "/photos")
    has = versions(key)
    asked = [question(name, has[name], f"node-{number}") for number in range(count) for name in NAMES]
    with django_assert_num_queries(5 + 2):  # the two tell that all these are there
        assert new(key, *asked) == []

    with django_assert_num_queries(5):
        assert new(key, *asked) == []
    with django_assert_num_queries(12):
        versions(key)
    assert GatewayState.objects.filter(node__startswith="node-").count() == len(asked)


def state(kind: str, node: str = "east") -> GatewayState:
    return GatewayState.objects.get(node=node, kind=kind)


def test_what_gateways_say_is_written_down(key: str) -> None:
    has = versions(key)
    refused = question("clusters", "old", "west", error_detail={"message": "no such file"})

    new(key, question("routes", has["routes"], "west"), question(filters.JWT, "", "west"), refused)

    routes, clusters, jwt = (
        state(kind, "west") for kind in ("routes apis", "clusters", f"{kinds.FILTER} {filters.JWT}")
    )
    assert (routes.version, routes.offered, routes.problem, routes.behind_since) == (*[has["routes"]] * 2, "", None)
    assert (clusters.version, clusters.offered, clusters.problem) == ("old", has["clusters"], "no such file")
    assert (jwt.version, jwt.offered) == ("", has[filters.JWT])
    assert jwt.behind_since == clusters.behind_since == clusters.seen_at


def test_gateway_is_behind_since_it_first_was(key: str) -> None:
    has = versions(key)["routes"]

    def behind_since(version: str) -> datetime | None:
        new(key, question("routes", version))
        return state("routes apis").behind_since

    with time_machine.travel(NOW, tick=False) as clock:
        assert behind_since(has) is None
        assert behind_since("old") == NOW
        clock.shift(timedelta(seconds=7))
        assert behind_since("older") == NOW
        assert behind_since(has) is None
        assert behind_since("old") == NOW + timedelta(seconds=7)


def test_when_one_is_to_be_written_again_all_are_with_it(key: str) -> None:
    asked = [question(name, version) for name, version in versions(key).items()]

    def written_at(moment: datetime) -> int:
        with time_machine.travel(moment, tick=False):
            new(key, *asked)
        return GatewayState.objects.filter(seen_at=moment).count()

    assert written_at(NOW) == len(asked)
    assert written_at(NOW + timedelta(seconds=1)) == 0
    asked[0]["version_info"] = "old"
    assert written_at(NOW + timedelta(seconds=2)) == 1
    place, (at, said) = next(iter(nodes._written.items()))
    nodes._written[place] = (at - nodes.WRITTEN_SECONDS, said)
    assert written_at(NOW + timedelta(seconds=3)) == len(asked)


def test_same_kind_of_one_gateway_twice_is_written_as_it_was_said_last(key: str) -> None:
    assert new(key, question("routes", "before it was restarted"), question("routes", "1")) == [0, 1]

    assert state("routes apis").version == "1"


@pytest.mark.parametrize(
    "strange",
    [
        None,
        1,
        [],
        {},
        question("routes", "1") | {"kind": "endpoints"},
        question("routes", "1") | {"kind": ["routes"]},
        question("unknown", "1"),
        question(filters.JWT, "1") | {"resource_names": [["x"]]},
        question(filters.JWT, "1") | {"resource_names": [filters.JWT, filters.API]},
    ],
)
def test_what_there_is_not_is_to_be_asked_for_alone(key: str, strange: Any) -> None:
    has = versions(key)["routes"]
    GatewayState.objects.all().delete()

    assert new(key, question("routes", has), strange, question("routes", has, "west")) == [1]
    assert not GatewayState.objects.exclude(kind="routes apis").exists()


@pytest.mark.parametrize(
    "more", [{"node": 1}, {"node": {"id": ["\0"]}}, {"error_detail": 1}, {"version_info": ["\ud800"]}]
)
def test_strange_question_is_answered_and_written_down_somehow(key: str, more: dict[str, Any]) -> None:
    assert new(key, question("routes", "1") | more | {"response_nonce": "1"}) == [0]
    assert GatewayState.objects.count() == 1


def test_kind_that_cannot_be_made_keeps_nobody_from_the_others(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    has = versions(key)

    def broken(state: kinds.State) -> Any:
        raise KeyError("a mistake of ours")

    monkeypatch.setitem(kinds.FILTERS, filters.LIMIT_BURST, broken)

    assert named(key, has) == [filters.LIMIT_BURST]
    has[filters.REVOKED_LATELY] = "old"
    assert named(key, has) == [filters.REVOKED_LATELY, filters.LIMIT_BURST]


def test_nobody_waits_for_the_list_of_what_was_revoked_earlier(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    has = versions(key)
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        RevokedToken.objects.create(jti="revoked", expires_at=timezone.now() + timedelta(hours=1))
        made: list[int] = []
        with monkeypatch.context() as not_made:
            not_made.setattr(revocations, "earlier", made.append)
            assert named(key, has) == [filters.REVOKED_EARLIER, filters.REVOKED_LATELY]
        assert not made

        assert versions(key)[filters.REVOKED_EARLIER] == has[filters.REVOKED_EARLIER]
        assert named(key, has) == [filters.REVOKED_LATELY]


def test_database_that_is_away_is_none_of_that(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(state: kinds.State) -> Any:
        raise OperationalError("away")

    monkeypatch.setitem(kinds.WHOLE, "routes", away)

    assert ask(key, [question("routes", "1")]).status_code == 503


@pytest.mark.parametrize("shown", ["", "wrong", None, 1])
def test_stranger_is_told_nothing(key: str, shown: Any) -> None:
    answer = ask(shown, [question("routes", "1")])

    assert answer.status_code == 403
    assert not GatewayState.objects.exists()


@pytest.mark.parametrize("questions", [None, 1, {}, "routes"])
def test_question_that_cannot_be_read_is_told_so(key: str, questions: Any) -> None:
    assert ask(key, questions).status_code == 400
    assert Client().post(reverse("gateway:news"), "nonsense", content_type="application/json").status_code == 400
    assert Client().get(reverse("gateway:news")).status_code == 405
