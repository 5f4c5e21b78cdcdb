"""Where a person approves or denies."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from keymanager import (
    authorization_details,
    authorize as authorization,
    clients,
    consents,
    errors,
    framing,
    login,
    scopes,
)
from keymanager.models import ConsentRequest
from keymanager.views.answers import error_page, see_other


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@see_other
def consent(request: HttpRequest, key: str) -> HttpResponse:
    session = login.browser_session(request)
    waiting = consents.waiting(session, key)
    if waiting is None or session is None:
        return expired_page(request)
    try:
        return answered(request, session, waiting, key)
    except authorization.NotRedirectable as fault:
        return error_page(request, fault.error, fault.received)


def answered(request: HttpRequest, session: login.BrowserSession, waiting: ConsentRequest, key: str) -> HttpResponse:
    """Checked again, because client and redirect URI may have changed while the page was open."""
    client = authorization.client_of(waiting.parameters)
    redirect_uri = authorization.redirect_uri_of(client, waiting.parameters)
    try:
        asked = authorization.check(client, redirect_uri, waiting.parameters)
        asked = replace(asked, pushed=waiting.pushed_request)
        if request.method != "POST":
            return consent_page(request, session, asked, key)
        return decide(request, session, waiting, asked)
    except errors.OAuthError as error:
        return authorization.refuse(client, redirect_uri, waiting.parameters, error)


def expired_page(request: HttpRequest) -> HttpResponse:
    """Of a request that was answered, or waited too long, or is somebody else's: no fault of a developer's."""
    return render(request, "keymanager/expired.html", status=400)


def consent_page(
    request: HttpRequest, session: login.BrowserSession, asked: authorization.AuthorizationRequest, key: str
) -> HttpResponse:
    """What is new is asked for; what was approved before is told apart from it."""
    new = consents.asked_for(session.user, asked.client, asked.to_approve, asked.resources)
    words = scopes.described(asked.to_approve.split())
    context = {
        "client": asked.client,
        "return_host": urlsplit(asked.redirect_uri).netloc or asked.redirect_uri,
        "scopes": [scope for scope in words if scope["name"] in new],
        "approved": [scope for scope in words if scope["name"] not in new],
        "resources": asked.resources,
        "details": authorization_details.in_words(asked.authorization_details),
        "durations": consents.DURATIONS,
        "duration": consents.PRESELECTED,
        "is_asked_each_time": clients.is_impersonable(asked.client, asked.redirect_uri),
        "key": key,
        "authorize_path": login.authorize_path(asked.parameters, asked.pushed),
    }
    return framing.may_picture(render(request, "keymanager/consent.html", context), asked.client.logo)


@transaction.atomic
def decide(
    request: HttpRequest,
    session: login.BrowserSession,
    waiting: ConsentRequest,
    asked: authorization.AuthorizationRequest,
) -> HttpResponse:
    """One answer a request: of two clicks at once one finds it answered."""
    decision = request.POST.get("decision")
    duration = consents.duration(request.POST.get("duration", consents.UNTIL_WITHDRAWN))
    if decision not in {"approve", "approve_always", "deny"} or duration is None:
        error = errors.InvalidRequest("Choose Approve, Approve Always or Deny, and one of the times offered.")
        return error_page(request, error, {}, title="Nothing was chosen")
    if not consents.claim(waiting):
        return expired_page(request)
    if decision == "deny":
        authorization.use_up(asked.client, asked.pushed)
        return authorization.refuse(asked.client, asked.redirect_uri, asked.parameters, errors.AccessDenied())
    if decision == "approve_always" and not clients.is_impersonable(asked.client, asked.redirect_uri):
        names = consents.asked_for(session.user, asked.client, asked.to_approve, asked.resources)
        consents.remember(session.user, asked.client, names, duration.length, asked.resources)
    clients.mark_redirect_uri_used(asked.client, asked.redirect_uri)
    members = authorization.approve(asked, session)
    return authorization.answer(asked.client, asked.redirect_uri, asked.parameters, members)
