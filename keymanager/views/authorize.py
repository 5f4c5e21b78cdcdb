"""The authorization endpoint."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from keymanager import (
    arrival,
    authorize as authorization,
    consents,
    detours,
    errors,
    login,
    parameters as wire,
)
from keymanager.views.answers import error_page, see_other, unstored

log = logging.getLogger(__name__)


@csrf_exempt  # Starts a request, changes nothing; OIDC Core 3.1.2.1 asks for GET and POST.
@unstored
@require_http_methods(["GET", "POST"])
@see_other
def authorize(request: HttpRequest) -> HttpResponse:
    """RFC 6749 3.1: client and redirect URI first, the other checks, then login, then consent, then the answer."""
    try:
        received = wire.single_valued(request.POST if request.method == "POST" else request.GET)
        arrived = arrival.arrive(received)
        return answered(request, arrived, arrival.redirect_uri_of(arrived))
    except authorization.NotRedirectable as fault:
        return error_page(request, fault.error, fault.received)
    except errors.OAuthError as error:
        return error_page(request, error, {})


def answered(request: HttpRequest, arrived: arrival.Arrived, redirect_uri: str) -> HttpResponse:
    """From here on faults are the client's to hear."""
    try:
        asked = arrival.check(arrived, redirect_uri)
        if request.method == "POST" and settings.SESSION_COOKIE_NAME not in request.COOKIES:
            # Another site's form brings no SameSite=Lax cookie along; what it leads to does.
            return redirect(settings.PORTAL_URL + login.authorize_path(asked.parameters, asked.pushed))
        return proceed(request, asked)
    except errors.OAuthError as error:
        log.info("authorize refused for %s: %s", arrived.client.client_id, error)
        authorization.use_up(arrived.client, arrived.pushed)
        return authorization.refuse(arrived.client, redirect_uri, arrived.parameters, error)


def proceed(request: HttpRequest, asked: authorization.AuthorizationRequest) -> HttpResponse:
    session = login.browser_session(request)
    detour = detours.needed(request, asked, session)
    if detour is not None or session is None:
        return take(detour, asked)
    if consents.is_needed(session.user, asked):
        if "none" in asked.prompts:
            raise errors.ConsentRequired
        # With the scopes of this moment: what the client is given later, the page has not shown.
        parameters = asked.parameters | {"scope": asked.scope}
        key = consents.ask(session, asked.client, parameters, asked.pushed)
        return redirect(settings.PORTAL_URL + reverse("keymanager:consent", args=[key]))
    members = authorization.approve(asked, session)
    return authorization.answer(asked.client, asked.redirect_uri, asked.parameters, members)


def take(detour: detours.Detour | None, asked: authorization.AuthorizationRequest) -> HttpResponse:
    """OpenID Connect Core 3.1.2.1: with prompt=none there is none, but an error."""
    if detour is None:
        raise errors.LoginRequired
    if "none" in asked.prompts:
        raise detour.forbidden
    return redirect(detour.address)
