"""Pages that say what went wrong and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from playground import attempts
from playground.problems import Problem

View = Callable[[HttpRequest], HttpResponseBase]

ENDED = Problem(
    "There is no attempt to go on with: the session has ended, or you started over.",
    "Begin again with the form. What the playground held is gone.",
    code="no session",
)
FORGED = Problem(
    "The page was too old to be sent, or it was not one of ours.",
    "Open the form again, then repeat what you did. Cookies must be allowed for this site.",
    code="CSRF",
)


def refused(request: HttpRequest, problem: Problem, status: int = 400) -> HttpResponse:
    """A page of its own for an answer that was not taken in."""
    return render(request, "playground/refused.html", {"problem": problem}, status=status)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django calls this when the CSRF check fails."""
    return refused(request, FORGED, status=403)


def or_ended(view: View) -> View:
    """A view that needs an attempt says so in words when there is none."""

    @wraps(view)
    def handle(request: HttpRequest) -> HttpResponseBase:
        try:
            return view(request)
        except attempts.Lost:
            return refused(request, ENDED, status=410)

    return handle
