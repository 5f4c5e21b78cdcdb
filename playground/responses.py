"""Answers Django has no class for."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from playground.attempts import Attempt
from playground.authorization import CLIENT_CREDENTIALS, PASSWORD


class SeeOther(HttpResponseRedirect):
    """RFC 9110 15.4.4: the result of a POST is at another address; a reload there repeats nothing."""

    status_code = 303


def page_of(attempt: Attempt) -> str:
    """Where the person stands in this attempt: the name of the page to show."""
    if attempt.token or attempt.revoked:
        return "playground:token"
    by_server = attempt.grant_type in {CLIENT_CREDENTIALS, PASSWORD}
    return "playground:ask" if by_server else "playground:code"


def go_on(attempt: Attempt) -> SeeOther:
    return SeeOther(reverse(page_of(attempt)))


def notice(request: HttpRequest, words: str) -> None:
    """A sentence for the next page."""
    messages.info(request, words)
