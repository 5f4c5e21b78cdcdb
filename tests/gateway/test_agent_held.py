"""Questions that there is nothing new for: held by the agent, and asked for all together."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.agent import held
from gateway.agent.held import Held
from gateway.agent.portal import Answer, AwayError
from gateway.agent.server import Agent
from tests.gateway import parts
from tests.gateway.strange_portal import PATH, Strange, accepted, answer, question

PAUSE = 0.1
NODES = ["east", "west", "north"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "PAUSE", PAUSE)


def of(node: str, version: str = "") -> dict[str, Any]:
    return question(version, node={"id": node, "metadata": {"key": "key"}})


@contextmanager
def held_questions(agent: Agent, strange: Strange, *nodes: str) -> Iterator[list[Future[Answer]]]:
    """Of Envoys that have the newest; the portal was asked about them meanwhile."""
    for node in nodes:
        agent.discover(PATH, of(node))
        assert agent.discover(PATH, of(node, "1")).status == 304
    with ThreadPoolExecutor() as threads:
        asked = len(strange.rounds)
        futures = [threads.submit(agent.discover, PATH, of(node, "1"), held=30.0) for node in nodes]
        # The second of them has all.
        parts.seconds_until(lambda: len(strange.rounds) > asked + 1)
        yield futures


def test_question_is_held_until_there_is_something_new(agent: Agent, strange: Strange) -> None:
    with held_questions(agent, strange, "east") as [east]:
        assert not east.done()

        strange.content = answer("2")
        assert east.result(20) == (200, answer("2"))


def test_question_is_not_held_for_ever(agent: Agent) -> None:
    accepted(agent)

    assert agent.discover(PATH, question("1"), held=3 * PAUSE).status == 304


def test_held_question_of_an_envoy_that_was_restarted_is_dropped(agent: Agent, strange: Strange) -> None:
    with held_questions(agent, strange, "east") as [east]:
        assert agent.discover(PATH, question(), held=30.0) == (200, answer())
        assert east.result(20).status == 304


def test_portal_is_asked_once_for_all_that_is_held(agent: Agent, strange: Strange) -> None:
    with held_questions(agent, strange, *NODES) as futures:
        questions, rounds, began = len(strange.questions), len(strange.rounds), time.monotonic()
        parts.seconds_until(lambda: len(strange.rounds) == rounds + 4)
        assert time.monotonic() - began > 3 * PAUSE
        assert len(strange.questions) == questions
        asked = strange.rounds[-1]
        assert asked["node"] == {"metadata": {"key": "key"}}
        assert sorted(asked["questions"], key=lambda one: NODES.index(one["node"]["id"])) == [
            {
                "kind": "routes",
                "node": {"id": node},
                "resource_names": ["apis"],
                "version_info": "1",
                "response_nonce": "1",
            }
            for node in NODES
        ]

        # Only for whom there is something new it is asked for.
        strange.contents["west"] = answer("2")
        assert futures[1].result(20) == (200, answer("2"))
        assert [one["node"]["id"] for one in strange.questions[questions:]] == ["west"]
        assert not futures[0].done()
        strange.content = answer("2")


@pytest.mark.parametrize(
    "news",
    [
        (404, b"<h1>Not Found</h1>"),
        (403, b"{}"),
        (204, b""),
        (200, b"<h1>Hello</h1>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"new": 1}'),
        (200, b'{"new": ["1"]}'),
        (200, answer()),
    ],
)
def test_portal_that_does_not_know_the_question_is_asked_for_each_as_before(
    agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch, news: tuple[int, bytes]
) -> None:
    accepted(agent)
    strange.news = news
    with ThreadPoolExecutor() as threads:
        east = threads.submit(agent.discover, PATH, question("1"), held=30.0)
        asked = len(strange.questions)
        parts.seconds_until(lambda: len(strange.questions) > asked + 3)
        # An older one would write a line into its log each time.
        assert len(strange.rounds) == 1
        assert not agent.portal.is_away

        strange.content = answer("2")
        assert east.result(20) == (200, answer("2"))

    # It is of a newer version now.
    strange.news, agent.held.alone_until = (200, b""), 0.0
    agent.discover(PATH, question("2"), held=3 * PAUSE)
    asked = len(strange.questions)
    agent.discover(PATH, question("2"), held=3 * PAUSE)
    assert len(strange.rounds) > 2
    assert len(strange.questions) == asked + 1


def test_portal_that_is_away_is_tried_once_for_all_and_heard_when_it_is_back(
    agent: Agent, strange: Strange, caplog: pytest.LogCaptureFixture
) -> None:
    with held_questions(agent, strange, *NODES) as futures:
        strange.status, strange.content = 500, answer("2")
        questions, rounds = len(strange.questions), len(strange.rounds)
        parts.seconds_until(lambda: len(strange.rounds) > rounds + 3)
        assert agent.portal.is_away
        assert len(strange.questions) == questions

        strange.status = 200
        assert {future.result(20) for future in futures} == {(200, answer("2"))}
    assert caplog.text.count("The portal is away") == 1


def test_restarted_envoy_is_answered_while_the_portal_hangs_over_what_is_held(
    agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.agent.portal.HURRIED", 0.2)
    with held_questions(agent, strange, "east", "west") as [east, west]:
        strange.pause, rounds = 2.0, len(strange.rounds)
        parts.seconds_until(lambda: len(strange.rounds) > rounds)

        began = time.monotonic()
        assert agent.discover(PATH, of("east"), held=30.0) == (200, answer())
        assert time.monotonic() - began < 1

        strange.pause, strange.content = 0.0, answer("2")
        assert east.result(20).status == 304
        assert west.result(20) == (200, answer("2"))


def test_refused_state_is_looked_at_again_while_the_question_is_held(agent: Agent, strange: Strange) -> None:
    wrong = ["no such file"]
    agent.diagnose = lambda type_url, content: wrong[0]  # type: ignore[method-assign]
    accepted(agent)
    strange.content = answer("2")
    for _ in range(3):
        agent.discover(PATH, question("1"))
    [kind] = agent.nodes["east"].values()
    with ThreadPoolExecutor() as threads:
        east = threads.submit(agent.discover, PATH, question("1"), held=30.0)
        parts.seconds_until(lambda: len(strange.rounds) > 1)
        # The portal hears of it without being asked for more.
        [asked] = strange.rounds[-1]["questions"]
        assert (asked["version_info"], asked["response_nonce"]) == ("1", "2")
        assert asked["error_detail"] == {"code": 3, "message": "no such file"}
        assert not east.done()

        assert kind.refusal
        wrong[0], kind.refusal = "", kind.refusal._replace(until=0.0)
        assert east.result(20) == (200, answer("2"))


def test_answer_that_is_none_is_kept_out_and_told_with_all_that_is_held(
    agent: Agent, strange: Strange, caplog: pytest.LogCaptureFixture
) -> None:
    with held_questions(agent, strange, "east") as [east]:
        strange.content = b"<html>"
        parts.seconds_until(lambda: "error_detail" in strange.rounds[-1]["questions"][0])
        assert "no JSON" in strange.rounds[-1]["questions"][0]["error_detail"]["message"]
        assert not east.done()

        strange.content = answer()
        parts.seconds_until(lambda: "error_detail" not in strange.rounds[-1]["questions"][0])
        strange.content = answer("2")
        assert east.result(20) == (200, answer("2"))
    assert caplog.text.count("is kept out") == 1


class Counting:
    """A portal that says for whom there is something new: for every third."""

    def __init__(self) -> None:
        self.asked = list[list[int]]()

    def ask(self, method: str, path: str, body: bytes) -> Answer:
        numbers = [one["number"] for one in json.loads(body)["questions"]]
        self.asked.append(numbers)
        if len(self.asked) % 10 == 0:
            raise AwayError("away")
        return Answer(200, json.dumps({"new": [place for place, one in enumerate(numbers) if one % 3 == 0]}).encode())


def test_whoever_is_held_is_told_its_own_news_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "PAUSE", 0.002)
    portal = Counting()
    together = Held(portal, "key")  # type: ignore[arg-type]

    def ask(number: int) -> list[bool | None]:
        return [together.is_news({"number": number}) for _ in range(100)]

    with ThreadPoolExecutor(30) as threads:
        told = list(threads.map(ask, range(30), timeout=60))

    for number, answers in enumerate(told):
        assert set(answers) <= {number % 3 == 0, None}
        assert answers.count(None) < 50
    asked = [number for numbers in portal.asked for number in numbers]
    assert sorted(asked) == sorted([*range(30)] * 100)
    assert len(portal.asked) < 1000


def test_nobody_waits_for_a_question_that_broke(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    together = agent.held

    def broken(questions: list[Any]) -> set[int]:
        raise MemoryError

    monkeypatch.setattr(together, "ask", broken)
    with ThreadPoolExecutor() as threads:
        leads = threads.submit(together.is_news, {"node": {}})
        parts.seconds_until(lambda: len(together.round.questions) == 1)
        assert together.is_news({"node": {}}) is None
        assert isinstance(leads.exception(20), MemoryError)
