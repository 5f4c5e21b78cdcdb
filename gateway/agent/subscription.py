"""One kind of resources of one Envoy: what it has accepted, what it was offered, and what it has refused.

`accepted` and `offered` are files. An answer of the portal becomes `offered` before Envoy sees it, and `accepted` when
Envoy asks with its version: that is how it says yes over REST. It says no by asking with the old one (diagnosis.py).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gateway.agent import answers, held
from gateway.agent.answers import UnusableError
from gateway.agent.held import Held, Question
from gateway.agent.kept import Kept
from gateway.agent.portal import Answer, AwayError, NotToldError

log = logging.getLogger(__name__)

# An answer may be lost, or Envoy be restarted, before it says yes.
TRIES = 3
# What Envoy has refused may be as it should be by now: a certificate that was missing is there.
AGAIN_SECONDS = 20.0
UNSAVED_SECONDS = 10.0
UNKNOWN = "Envoy does not take it; its own log says why."
UNCHANGED = Answer(304, b"")
NOTHING = Answer(503, b"")

Diagnosis = Callable[[str, bytes], str]


class Refusal(NamedTuple):
    version: str
    reason: str
    until: float


class Subscription:
    def __init__(self, folder: Path, name: str, together: Held, diagnose: Diagnosis) -> None:
        self.name, self.held, self.portal, self.diagnose = name, together, together.portal, diagnose
        self.lock = threading.Lock()
        self.accepted_file, self.offered_file = Kept(folder, f"{name}.accepted"), Kept(folder, f"{name}.offered")
        self.accepted, self.offered = version(self.accepted_file), version(self.offered_file)
        self.tries = 0
        self.refusal: Refusal | None = None
        self.restore = False  # Envoy may have taken a part of what it has refused
        self.defect = ""  # of the portal's last answer
        self.unsaved, self.unsaved_until, self.unsaved_reason = "", 0.0, ""
        self.turn = 0

    def news(self, path: str, question: Question, seconds: float) -> Answer:
        """The answer, once it says something, or after so many seconds. An Envoy that asks anew meanwhile was started
        anew, and nobody waits for the answer to what it asked before."""
        until = time.monotonic() + seconds
        with self.lock:
            self.turn += 1
            turn = self.turn
        answer = self.answer(path, question)
        while answer == UNCHANGED and time.monotonic() + held.PAUSE < until:
            with self.lock:
                asked = held.of_kind(path, self.passed_on(question))
            is_news = self.held.is_news(asked)
            if self.turn != turn:
                break
            answer = self.answer(path, question, is_news)
        return answer

    def answer(self, path: str, question: Question, is_news: bool | None = True) -> Answer:
        """What Envoy is to be told now. `is_news`: what the portal said of it a moment ago; None: nothing."""
        has = had(question)
        with self.lock:
            self.heard(has, question)
            asked = self.passed_on(question)
            # A restarted Envoy need not wait for a portal that does not answer, nor for what was asked before it.
            hurry = not has and bool(self.accepted or self.offered)
        news = UNCHANGED if is_news is False else None
        if is_news and not (hurry and self.portal.is_away):
            news = self.ask(path, json.dumps(asked).encode(), hurry)
        with self.lock:
            return self.reply(has, self.taken(news, question, has))

    def heard(self, has: str, question: Question) -> None:
        if self.offered and has == self.offered:
            self.accept()
        elif self.offered and (self.refusal or self.tries):
            self.doubt(question)

    def accept(self) -> None:
        try:
            self.offered_file.move(self.accepted_file)
        except OSError as error:
            log.error("%s: version %s is in use, but not kept: %s", self.name, self.offered, error)
        else:
            log.debug("%s: version %s is in use.", self.name, self.offered)
            self.accepted = self.offered
        self.offered, self.tries, self.refusal, self.unsaved = "", 0, None, ""

    def doubt(self, question: Question) -> None:
        """Envoy was offered something and does not have it: does it refuse it, or has it only not heard?"""
        now = time.monotonic()
        if self.refusal and now < self.refusal.until:
            return
        loaded = self.offered_file.load()
        reason = self.diagnose(str(question.get("type_url")), loaded[1]) if loaded else ""
        if not reason and self.refusal:
            self.refusal, self.tries = None, 0
            return
        if not reason and self.tries < TRIES:
            return
        if not self.refusal:
            self.restore = True
            log.error("%s: version %s is refused by Envoy: %s", self.name, self.offered, reason or UNKNOWN)
        self.refusal = Refusal(self.offered, reason or UNKNOWN, now + AGAIN_SECONDS)

    def ask(self, path: str, body: bytes, hurry: bool) -> Answer | None:
        """What the portal says; None when it says nothing."""
        try:
            return self.portal.ask("POST", path, body, hurry=hurry)
        except AwayError:
            return None
        except NotToldError as error:
            self.is_defect(str(error))
            return None

    def taken(self, news: Answer | None, question: Question, has: str) -> Answer | None:
        """The same, kept; None when it cannot be used."""
        if not news:
            return None
        try:
            if news.status == 200:
                self.take(news.content, question, has)
        except UnusableError as error:
            self.is_defect(str(error))
            return None
        self.defect = ""
        return news

    def passed_on(self, question: Question) -> Question:
        """The question. `version_info` is what Envoy has, `response_nonce` what was told last and is here: the portal
        need not tell that again."""
        node, has = question.get("node", {}), had(question)
        told = self.unsaved if has == self.unsaved and time.monotonic() < self.unsaved_until else ""
        asked = {
            "version_info": has,
            "node": {name: node[name] for name in ("id", "cluster", "metadata", "locality") if name in node},
            "resource_names": question.get("resource_names", []),
            "type_url": question.get("type_url"),
            "response_nonce": told or self.offered or self.accepted or "-",
        }
        if problem := self.problem():
            asked["error_detail"] = {"code": 3, "message": problem}
        return asked

    def problem(self) -> str:
        if self.refusal:
            return self.refusal.reason
        if self.defect:
            return f"The portal's answer was kept out. {self.defect}"
        return self.unsaved_reason if self.unsaved else ""

    def is_defect(self, reason: str) -> None:
        if reason != self.defect:
            log.error("%s: the portal's answer is kept out. %s", self.name, reason)
        self.defect = reason

    def take(self, content: bytes, question: Question, has: str) -> None:
        """Keeps what the portal has answered; Envoy is not told before."""
        names = [str(name) for name in question.get("resource_names") or []]
        version = answers.version_of(content, str(question.get("type_url")), names)
        if version == self.unsaved == has and time.monotonic() < self.unsaved_until:
            return
        if version == (self.offered or self.accepted):
            self.unsaved = ""
            return
        self.tries, self.refusal = 0, None
        try:
            self.offered_file.save(version, content)
        except OSError as error:
            self.is_not_saved(version, error)
        else:
            self.offered, self.unsaved = version, ""

    def is_not_saved(self, version: str, error: OSError) -> None:
        if version != self.unsaved:
            log.error("%s: version %s cannot be kept: %s", self.name, version, error)
        self.unsaved, self.unsaved_until = version, time.monotonic() + UNSAVED_SECONDS
        self.unsaved_reason = f"It is in use, but could not be kept on the gateway's disk: {error.strerror}."

    def reply(self, has: str, fresh: Answer | None) -> Answer:
        if self.unsaved and fresh and fresh.status == 200:
            return UNCHANGED if has == self.unsaved else fresh
        if has and has == self.unsaved:
            return UNCHANGED
        # Envoy has something that is not here: it stays where nobody can say what is newer, or Envoy has refused that.
        if has not in ("", self.accepted, self.offered) and (self.refusal or not fresh):
            return UNCHANGED
        if self.offered and not self.refusal:
            return self.offer(has)
        if has == self.accepted and not self.restore:
            return UNCHANGED if has else NOTHING
        self.restore = False
        answer = self.whole(self.accepted_file)
        if answer is NOTHING:
            self.accepted = ""
        return answer

    def offer(self, has: str) -> Answer:
        if has == self.offered:
            return UNCHANGED
        self.tries += 1
        answer = self.whole(self.offered_file)
        if answer is NOTHING:
            self.offered = ""
        return answer

    def whole(self, file: Kept) -> Answer:
        loaded = file.load()
        return Answer(200, loaded[1]) if loaded else NOTHING


def had(question: Question) -> str:
    return str(question.get("version_info") or "")


def version(file: Kept) -> str:
    """Empty for what is not there or not as it was written."""
    loaded = file.load()
    return loaded[0] if loaded else ""
