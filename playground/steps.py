"""The four steps as a page shows them: title, state, chip and what was sent and received."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from playground.attempts import Attempt
from playground.authorization import CLIENT_CREDENTIALS, CODE, IMPLICIT, PASSWORD
from playground.forms import GRANT_TYPES
from playground.photos import Visit
from playground.problems import Problem
from playground.traces import Trace, shorten


@dataclass(frozen=True)
class Step:
    """`status` is done, current, failed, skipped or later; the chip says the same in a word."""

    number: int
    title: str
    status: str = "later"
    chip: str = ""
    text: str = ""
    problem: Problem | None = None
    traces: list[Trace] = field(default_factory=list)


ASK = Step(1, "Ask")
COME_BACK = Step(2, "Come back")
GET_TOKEN = Step(3, "Get Access Token")
GET_PHOTOS = Step(4, "Get Photos")
EXCHANGE = "This site's server exchanges the code, out of the browser's sight."
GIVEN_BACK = "The token was given back; nothing of it is left here."
START = "Who asks, for what, and where to come back."


def at_the_start(failed: Attempt | None = None) -> dict[str, Any]:
    """The steps before anything was sent; `failed` is a server-side try whose problem stands beside the form."""
    problem, traces = (failed.problem, failed.traces.get("3", [])) if failed else (None, [])
    return {
        "grant": "",
        "ask": replace(ASK, status="current", text=START, problem=problem, traces=traces),
        "come_back": replace(COME_BACK, text="After signing in and approving, the browser returns here with a code."),
        "get_token": replace(GET_TOKEN, text=EXCHANGE),
        "get_photos": replace(GET_PHOTOS, text="The token opens the photo API: only for the person who approved."),
    }


def of_attempt(attempt: Attempt, visit: Visit | None = None) -> dict[str, Any]:
    """The steps as far as this attempt has come."""
    return {
        "grant": dict(GRANT_TYPES)[attempt.grant_type],
        "ask": _ask(attempt),
        "come_back": _with_problem(_come_back(attempt), attempt),
        "get_token": _with_problem(_get_token(attempt), attempt),
        "get_photos": _get_photos(attempt, visit),
    }


def _ask(attempt: Attempt) -> Step:
    if attempt.grant_type in {CLIENT_CREDENTIALS, PASSWORD}:
        return replace(ASK, status="skipped", chip="no browser needed", text="The server asks by itself in step 3.")
    traces = attempt.traces.get("1", [])
    names = [name for trace in traces for name, _ in trace.sent]
    text = f"The browser went to the authorize endpoint with {', '.join(names[:-1])} and {names[-1]}." if names else ""
    return replace(ASK, status="done", chip="302", text=text, traces=traces)


def _come_back(attempt: Attempt) -> Step:
    if attempt.grant_type in {CLIENT_CREDENTIALS, PASSWORD}:
        return replace(COME_BACK, status="skipped", chip="not needed", text="Nobody has to approve in a browser.")
    if not attempt.state_used:
        return replace(COME_BACK, status="current", chip="waiting", text="The browser has not come back yet.")
    if attempt.grant_type == IMPLICIT:
        text = "The token came in the address's fragment, through the browser."
    else:
        text = f"Code {shorten(attempt.code)}, good once and only for a few minutes."
    return replace(COME_BACK, status="done", chip="state matched", text=text, traces=attempt.traces.get("2", []))


def _get_token(attempt: Attempt) -> Step:
    step = replace(GET_TOKEN, traces=attempt.traces.get("3", []))
    outcome = step.traces[-1].outcome if step.traces else ""
    if attempt.revoked:
        return replace(step, status="done", chip="revoked", text=GIVEN_BACK)
    if attempt.token is None:
        return replace(step, status="current", text=EXCHANGE) if attempt.code else step
    if attempt.grant_type == IMPLICIT:
        return replace(step, status="done", chip="came with step 2", text="No exchange, no secret, no refresh token.")
    return replace(step, status="done", chip=outcome)


def _with_problem(step: Step, attempt: Attempt) -> Step:
    """The step that went wrong, failed when there is nothing yet to go on with."""
    if attempt.problem is None or attempt.problem_at != step.number:
        return step
    chip = step.traces[-1].outcome if step.number == 3 and step.traces else ""
    failed = replace(step, problem=attempt.problem, chip=chip or attempt.problem.code or "failed")
    if attempt.token is not None:
        return failed
    return replace(failed, status="failed", text="" if attempt.grant_type == CODE and not attempt.code else step.text)


def _get_photos(attempt: Attempt, visit: Visit | None) -> Step:
    if attempt.token is None:
        return GET_PHOTOS
    step = replace(GET_PHOTOS, status="current")
    if visit is None:
        return step
    if visit.problem is not None:
        chip = visit.outcome() or visit.problem.code
        return replace(step, status="failed", chip=chip, problem=visit.problem, traces=visit.traces)
    status = "current" if visit.profile else "done"  # UserInfo alone brings no photos
    return replace(step, status=status, chip=visit.outcome(), traces=visit.traces)
