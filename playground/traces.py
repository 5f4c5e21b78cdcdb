"""What was sent and received, to show: secrets are left out, tokens shortened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.calls import Answer
from playground.problems import scrub

NOT_SHOWN = "••• (not shown)"
SECRETS = {"client_secret", "password", "refresh_token", "code_verifier", "session_state"}
SHORTENED = {"access_token", "id_token", "code"}


@dataclass
class Trace:
    """One exchange: `sent` are name and value of each parameter or header."""

    title: str
    request_line: str
    sent: list[tuple[str, str]] = field(default_factory=list)
    outcome: str = ""
    received: str = ""


def shorten(token: str) -> str:
    """`eyJhbGciOi…4fXk`: enough to tell two tokens apart, too little to use one."""
    return token if len(token) <= 12 else f"{token[: min(10, len(token) // 4)]}…{token[-4:]}"


def shown(name: str, value: str) -> str:
    """A parameter or header as it may be shown."""
    if name.lower() == "authorization":
        kind, _, credentials = value.partition(" ")
        return f"{kind} {shorten(credentials) if kind == 'Bearer' else NOT_SHOWN}"
    if name in SECRETS:
        return NOT_SHOWN
    return shorten(value) if name in SHORTENED else value


def parameters(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, shown(name, value)) for name, value in pairs]


def of_call(
    title: str,
    request_line: str,
    sent: Mapping[str, str],
    answer: Answer | None,
    hidden: list[str],
) -> Trace:
    """A server-to-server exchange; `answer` is None when none came, `hidden` what must not be shown wherever it is."""
    trace = Trace(title, request_line, parameters(sent.items()))
    if answer is not None:
        trace.outcome = answer.outcome()
        trace.received = scrub(_body(answer), hidden)
    return trace


def _body(answer: Answer) -> str:
    members = answer.members()
    if members is not None:
        return json.dumps({name: _member(name, value) for name, value in members.items()}, indent=2, ensure_ascii=False)
    if not answer.body:
        return "(empty)"
    return answer.body[:2000].decode("utf-8", "replace")


def _member(name: str, value: Any) -> Any:
    return shown(name, value) if isinstance(value, str) else value
