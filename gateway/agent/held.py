"""The questions of Envoys that there is nothing new for: one to the portal for all of them, every half second.

Each is held in a thread of the agent's door. The first that comes waits for the others, asks for all, and tells them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

from gateway.agent import answers
from gateway.agent.answers import UnusableError
from gateway.agent.portal import AwayError, NotToldError, Portal

log = logging.getLogger(__name__)

# Between two questions to the portal.
PAUSE = 0.5
# A portal that was not able to answer for all at once, because it is of an older version, is not asked that before.
AGAIN_SECONDS = 30.0
PATH = "/gateway/news"

Question = dict[str, Any]


class Round:
    """What is held at one moment. `new`: the places of what there is something new for; None: the portal is away."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.new: set[int] | None = None
        self.is_over = threading.Event()


class Held:
    def __init__(self, portal: Portal, key: str) -> None:
        self.portal, self.key = portal, key
        self.lock = threading.Lock()
        self.round = Round()
        self.alone_until = 0.0

    def is_news(self, question: Question) -> bool | None:
        """After a pause: has the portal something new for this one? It may have where it cannot say so. None: it is
        away."""
        with self.lock:
            mine = self.round
            place = len(mine.questions)
            mine.questions.append(question)
        if place == 0:
            self.lead(mine)
        mine.is_over.wait()
        return None if mine.new is None else place in mine.new

    def lead(self, mine: Round) -> None:
        time.sleep(PAUSE)
        with self.lock:
            self.round = Round()
        try:
            mine.new = self.ask(mine.questions)
        finally:
            mine.is_over.set()

    def ask(self, questions: list[Question]) -> set[int] | None:
        every = set(range(len(questions)))
        if time.monotonic() < self.alone_until:
            return every
        body = {"node": {"metadata": {"key": self.key}}, "questions": questions}
        try:
            return places(self.portal.ask("POST", PATH, json.dumps(body).encode()).content)
        except AwayError:
            return None
        except (NotToldError, UnusableError) as error:
            log.info("The portal is asked for each kind by itself: %s", error)
            self.alone_until = time.monotonic() + AGAIN_SECONDS
            return every


def places(content: bytes) -> set[int]:
    told = answers.parsed(content, dict)
    found = told.get("new") if isinstance(told, dict) else None
    if not isinstance(found, list) or not all(isinstance(place, int) for place in found):
        raise UnusableError("It does not say what is new.")
    return set(found)


def of_kind(path: str, asked: Question) -> Question:
    """The question as one among others: with the kind that its address says, and of its Envoy no more than the name."""
    named = {"kind": path.rpartition(":")[2], "node": {"id": asked["node"].get("id")}}
    return {name: value for name, value in asked.items() if name != "type_url"} | named
