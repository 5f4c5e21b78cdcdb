"""The addresses of the sign-in elsewhere, all at the key manager's door."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from keymanager import errors, parameters as wire
from keymanager.sign_in_elsewhere import answers, arrivals, attempts, departures, door, providers, refusals
from keymanager.sign_in_elsewhere.attempts import Attempt
from keymanager.sign_in_elsewhere.failures import Expired, Failure, NotGoodEnough
from keymanager.views import logout
from keymanager.views.answers import NO_STORE, as_json
from keymanager.views.programs import for_programs

log = logging.getLogger(__name__)


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """To the other server, with a new attempt."""
    only_elsewhere()
    attempt = attempts.wanted(request.GET)
    try:
        if refusals.waits(request, attempt.next_path):
            raise Failure("the request that was refused did not come back")
        return redirect(attempts.begin(request, providers.provider(), attempt))
    except Failure as failure:
        return problem(request, failure, attempt.next_path)


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """The answer of the other server. Whatever it is, the attempt is over; without a click nothing begins anew."""
    only_elsewhere()
    attempt = None
    try:
        received = wire.single_valued(request.GET)
        attempt = attempts.take(request, received.get("state", ""))
        if attempt is None:
            raise Expired("no attempt of this browser has that state")
        return came_back(request, attempt, received)
    except errors.OAuthError as error:
        return problem(request, Failure(str(error)), "")
    except Failure as failure:
        return problem(request, failure, attempt.next_path if attempt else "")


def came_back(request: HttpRequest, attempt: Attempt, received: dict[str, str]) -> HttpResponse:
    try:
        provider = providers.provider()
        answers.check_issuer(provider, received)
        answers.check_error(received)
        answer = answers.exchange(provider, received)
        answers.check_demands(attempt, answer.claims)
    except NotGoodEnough as verdict:
        log.info("signed in elsewhere, but not as demanded: %s", verdict)
        if not attempt.next_path.startswith(reverse("keymanager:authorize")):
            raise Failure(str(verdict)) from verdict
        refusals.note(request, attempt.next_path, verdict.error)
        return redirect(attempt.next_path)
    arrivals.arrive(request, arrivals.account_of(provider, answer), answer, attempt)
    return redirect(attempt.next_path)


@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Back from being signed out there."""
    location = departures.came_back(request, request.GET.get("state", ""))
    return logout.signed_out(request, [], location)


@for_programs  # Another server's request, which brings no cookie and is believed for its signature.
@require_POST
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Back-Channel Logout 1.0 2.5 and 2.8."""
    only_elsewhere()
    try:
        received = wire.single_valued(request.POST)
        provider = providers.provider()
        claims = departures.logout_claims(received.get("logout_token", ""), provider)
        count = departures.end_sessions(provider, claims)
    except (Failure, errors.OAuthError) as fault:
        log.warning("logout token refused: %s", fault)
        told = {"error": "invalid_request", "error_description": "The logout token cannot be accepted."}
        return as_json(told, status=400)
    log.info("signed out elsewhere: %s sessions ended", count)
    return HttpResponse(status=200, headers=NO_STORE)


def only_elsewhere() -> None:
    if not settings.AUTHENTICATION_ELSEWHERE:
        raise Http404


def problem(request: HttpRequest, failure: Failure, next_path: str) -> HttpResponse:
    log.warning("sign-in elsewhere: %s: %s", type(failure).__name__, failure)
    context = {"title": failure.title, "sentence": failure.sentence, "again": door.start({"next": next_path})}
    return render(request, "keymanager/elsewhere_problem.html", context, status=failure.status)
