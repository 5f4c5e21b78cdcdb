"""One attempt to get photos, kept in the server's session from the first question to the last picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest

from playground.problems import Problem
from playground.traces import Trace

KEY = "attempt"


class Lost(Exception):
    """The session has expired, or the person started over meanwhile."""


@dataclass
class Token:
    """What the token endpoint gave; `expires_at` in seconds since the epoch, 0 when it did not say."""

    access_token: str
    scope: str
    issued_at: float
    expires_at: float = 0.0
    refresh_token: str = ""
    id_token: str = ""
    identity: dict[str, Any] = field(default_factory=dict)
    identity_problem: str = ""


@dataclass
class Attempt:
    """Times are seconds since the epoch; `problem_at` is the number of the step that went wrong."""

    grant_type: str
    client_id: str
    scope: str = ""
    callback_url: str = ""
    authorize_endpoint: str = ""
    token_endpoint: str = ""
    use_pkce: bool = True
    username: str = ""
    client_secret: str = ""
    state: str = ""
    state_used: bool = False
    code_verifier: str = ""
    nonce: str = ""
    code: str = ""
    code_used: bool = False
    token: Token | None = None
    revoked: bool = False
    problem: Problem | None = None
    problem_at: int = 0
    traces: dict[str, list[Trace]] = field(default_factory=dict)
    busy_since: float = 0.0

    def hidden(self) -> list[str]:
        """What must never be shown, wherever it turns up."""
        kept = [self.client_secret, self.code_verifier]
        return [*kept, self.token.refresh_token] if self.token else kept

    def fail(self, step: int, problem: Problem) -> None:
        self.problem, self.problem_at = problem, step

    def note(self, step: int, *traces: Trace) -> None:
        """Keep what was sent and received in a step; a new try replaces the old one."""
        self.traces[str(step)] = list(traces)


def begin(request: HttpRequest, attempt: Attempt) -> None:
    """Forget whatever was there and start anew under a new session key."""
    request.session.flush()
    SessionStore.clear_expired()  # tokens of people who have left do not stay on the disk
    request.session[KEY] = asdict(attempt)


def current(request: HttpRequest) -> Attempt | None:
    """This browser's attempt, for reading."""
    stored = request.session.get(KEY)
    return _thaw(stored) if stored else None


def context(request: HttpRequest) -> dict[str, bool]:
    """For every template: whether there is something to start over from."""
    return {"has_attempt": hasattr(request, "session") and KEY in request.session}


@contextmanager
def claimed(request: HttpRequest) -> Iterator[Attempt]:
    """This browser's attempt, for changing: one request at a time, stored on leaving.

    A second click waits for the first and then sees what it left. The claim is a mark in the session, so no
    transaction stays open over a call to another server; a claim whose process died counts for nothing after a while.
    Raises Lost when there is no attempt (any more).
    """
    key = request.session.session_key
    attempt = _claim(key)
    try:
        yield attempt
    finally:
        attempt.busy_since = 0.0
        _store(key, attempt)


def _claim(key: str | None) -> Attempt:
    while True:
        with transaction.atomic():  # IMMEDIATE: nobody else reads or marks between our two steps
            attempt = _thaw(_session(key)[KEY])
            # The longest deed makes three calls; a mark older than four belongs to a process that died.
            if time.time() - attempt.busy_since > 4 * settings.PLAYGROUND_TIMEOUT:
                attempt.busy_since = time.time()
                _store(key, attempt)
                return attempt
        time.sleep(0.05)


def _session(key: str | None) -> SessionStore:
    """The session as it is in the database now; Django forgets the key of a session that is not there."""
    session = SessionStore(key)
    if KEY not in session or session.session_key is None:
        raise Lost
    return session


def _store(key: str | None, attempt: Attempt) -> None:
    session = _session(key)
    session[KEY] = asdict(attempt)
    try:
        session.save()
    except UpdateError as error:  # the row is gone: never bring back what was given up
        raise Lost from error


def _thaw(stored: dict[str, Any]) -> Attempt:
    """Back from JSON, which knows no classes."""
    values = dict(stored)
    values["token"] = Token(**values["token"]) if values["token"] else None
    values["problem"] = Problem(**values["problem"]) if values["problem"] else None
    values["traces"] = {step: [Trace(**trace) for trace in traces] for step, traces in values["traces"].items()}
    return Attempt(**values)
