"""Which of many questions have an answer that is new to who asks."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import OperationalError

from gateway import kinds, nodes
from gateway.kinds import Make, State


def places(questions: list[Any]) -> list[int]:
    """Where in the list they are. Of each kind the answer is looked at once, however many gateways ask; what has none
    is new, too: it is asked for alone, and told why."""
    state, said, new = State(), [], []
    version_of = cache(lambda make: version(make, state))
    for place, question in enumerate(questions):
        found = version_of(make) if (make := make_of(question)) else ""
        if found:
            said.append(nodes.said(question, question["kind"], found))
        if not found or last_told(question) != found:
            new.append(place)
    nodes.asked(said)
    return new


def make_of(question: Any) -> Make | None:
    return kinds.of(question.get("kind"), question.get("resource_names")) if isinstance(question, dict) else None


def version(make: Make, state: State) -> str:
    """Empty: it cannot be made, or not at once. Nobody waits for that with the others, nor goes without them; who then
    asks for it alone is told."""
    if kinds.is_slow(make):
        return ""
    try:
        return make(state).version
    except OperationalError:  # nor can the others
        raise
    except Exception:  # noqa: BLE001
        return ""


def last_told(question: dict[str, Any]) -> Any:
    """An agent (gateway/agent/) says in response_nonce what it was told last, an Envoy has what it was told."""
    return question.get("response_nonce") or question.get("version_info")
