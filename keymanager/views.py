"""The endpoints of the key manager. Each is ours; none of the toolkit's is routed (docs/decisions/0003)."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.views import SignIn as AccountSignIn
from keymanager import (
    authorizations,
    authorize as authorization,
    client_authentication,
    clients,
    consents,
    errors,
    grants,
    introspection,
    login,
    metadata as described,
    oidc,
    parameters as wire,
    rate_limits,
    revocation,
    scopes,
    signing,
    tokens,
)
from keymanager.grants.base import TokenRequest
from keymanager.models import ConsentRequest

log = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@csrf_exempt  # Starts a request, changes nothing; OIDC Core 3.1.2.1 asks for GET and POST.
@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """RFC 6749 3.1: client and redirect URI first, the other checks, then login, then consent, then the answer."""
    try:
        received = wire.single_valued(request.POST if request.method == "POST" else request.GET)
        client = authorization.client_of(received)
        redirect_uri = authorization.redirect_uri_of(client, received)
    except authorization.NotRedirectable as fault:
        return error_page(request, fault.error, fault.received)
    except errors.OAuthError as error:
        return error_page(request, error, {})
    try:
        asked = authorization.check(client, redirect_uri, received)
        return proceed(request, asked)
    except errors.OAuthError as error:
        log.info("authorize refused for %s: %s", client.client_id, error)
        return authorization.refuse(redirect_uri, received, error)


def proceed(request: HttpRequest, asked: authorization.AuthorizationRequest) -> HttpResponse:
    session = login.browser_session(request)
    if session is None or "login" in asked.prompts or "select_account" in asked.prompts or too_old(session, asked):
        if "none" in asked.prompts:
            raise errors.LoginRequired
        return login.ask_again(request, asked.parameters) if session else login.ask(asked.parameters)
    missing = consents.missing(session.user, asked.client, asked.scope)
    if missing or "consent" in asked.prompts:
        if "none" in asked.prompts:
            raise errors.ConsentRequired
        key = consents.ask(session, asked.client, asked.parameters)
        return redirect(settings.PORTAL_URL + reverse("keymanager:consent", args=[key]))
    return authorization.answer(asked.redirect_uri, asked.parameters, authorization.approve(asked, session))


def too_old(session: login.BrowserSession, asked: authorization.AuthorizationRequest) -> bool:
    return asked.max_age is not None and session.older_than(asked.max_age)


@never_cache
@require_http_methods(["GET", "POST"])
def consent(request: HttpRequest, key: str) -> HttpResponse:
    session = login.browser_session(request)
    waiting = consents.waiting(session, key)
    if waiting is None or session is None:
        return error_page(request, errors.AccessDenied(STALE), {}, title="This page has expired")
    try:
        # Again, because both may have changed while the page was open.
        client = authorization.client_of(waiting.parameters)
        redirect_uri = authorization.redirect_uri_of(client, waiting.parameters)
    except authorization.NotRedirectable as fault:
        return error_page(request, fault.error, fault.received)
    try:
        asked = authorization.check(client, redirect_uri, waiting.parameters)
        if request.method == "GET":
            return consent_page(request, session, asked, key)
        return decide(request, session, waiting, asked)
    except errors.OAuthError as error:
        return authorization.refuse(redirect_uri, waiting.parameters, error)


STALE = "This request was answered already, or has waited too long. Go back to the application and start again."


def consent_page(
    request: HttpRequest, session: login.BrowserSession, asked: authorization.AuthorizationRequest, key: str
) -> HttpResponse:
    """What is new is asked for; what was approved before is told apart from it."""
    new = consents.asked_for(session.user, asked.client, asked.scope)
    words = scopes.described(asked.scope.split())
    context = {
        "client": asked.client,
        "return_host": urlsplit(asked.redirect_uri).netloc or asked.redirect_uri,
        "scopes": [scope for scope in words if scope["name"] in new],
        "approved": [scope for scope in words if scope["name"] not in new],
        "durations": consents.DURATIONS,
        "duration": consents.PRESELECTED,
        "key": key,
        "authorize_path": login.authorize_path(asked.parameters),
    }
    return render(request, "keymanager/consent.html", context)


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
        return error_page(request, errors.AccessDenied(STALE), {}, title="This page has expired")
    if decision == "deny":
        return authorization.refuse(asked.redirect_uri, asked.parameters, errors.AccessDenied())
    if decision == "approve_always":
        names = consents.asked_for(session.user, asked.client, asked.scope)
        consents.remember(session.user, asked.client, names, duration.length)
    clients.mark_redirect_uri_used(asked.client, asked.redirect_uri)
    return authorization.answer(asked.redirect_uri, asked.parameters, authorization.approve(asked, session))


def error_page(
    request: HttpRequest,
    error: errors.OAuthError,
    received: dict[str, str],
    *,
    title: str = "This request cannot go on",
) -> HttpResponse:
    """The page for faults that must not be sent anywhere (RFC 6749 4.1.2.1). Names what came, not what is known."""
    log.info("authorization error page: %s, received %s", error, received)
    context = {"title": title, "error": error, "received": received}
    return render(request, "keymanager/error.html", context, status=400)


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 3.2. Each grant type's exchange is one transaction: what fails leaves nothing behind."""
    try:
        answer = exchange(request)
    except errors.Replayed as replay:
        # The exchange was rolled back; what the first use produced dies in a transaction of its own.
        authorizations.revoke(replay.authorization_id, reason="replay")
        return refused(request, replay)
    except errors.OAuthError as error:
        return refused(request, error)
    return JsonResponse(answer, headers=NO_STORE)


def exchange(request: HttpRequest) -> dict[str, Any]:
    received = wire.single_valued(request.POST)
    client = client_authentication.authenticate(request, received)
    grant_type = received.get("grant_type")
    if grant_type is None:
        raise errors.InvalidRequest("Missing grant_type parameter value")
    if grant_type not in grants.EXCHANGES:
        raise errors.UnsupportedGrantType(detail=grant_type)
    if not client.has_grant_type(grant_type):
        raise errors.UnauthorizedClient(detail=f"{grant_type} is not ticked for this key set")
    try:
        return grants.EXCHANGES[grant_type](TokenRequest(http=request, client=client, parameters=received))
    except IntegrityError as gone:
        # Nothing is left: the client or the person was deleted while this ran, which the commit finds out.
        raise errors.InvalidGrant(detail=f"deleted meanwhile: {gone}") from gone


def refused(request: HttpRequest, error: errors.OAuthError) -> HttpResponse:
    """RFC 6749 5.2."""
    error = rate_limits.counted(request, error)
    log.info("%s refused: %s", request.path, error)
    headers = dict(NO_STORE)
    if isinstance(error, errors.TooManyFailures):
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Basic realm="{settings.PORTAL_HOST}"'
    return JsonResponse(error.as_dict(), status=error.status, headers=headers)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009 2, answered like the original: an empty text/html with what was revoked in its headers."""
    try:
        received = wire.single_valued(request.POST)
        client = client_authentication.authenticate(request, received)
        if "token" not in received:
            raise errors.InvalidRequest("Invalid revocation request")
    except errors.OAuthError as error:
        return refused(request, error)
    revoked = revocation.revoke(received["token"], client=client)
    return HttpResponse(headers=NO_STORE | (revoked.headers if revoked else {}))


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662 2; signed when the caller accepts that best (RFC 9701 4)."""
    try:
        received = wire.single_valued(request.POST)
        client = client_authentication.authenticate(request, received)
        members = introspection.introspect(client, received)
    except errors.OAuthError as error:
        return refused(request, error)
    if introspection.is_jwt_asked(request):
        signed = introspection.signed(client, members)
        return HttpResponse(signed, content_type=introspection.MEDIA_TYPE, headers=NO_STORE)
    return JsonResponse(members, headers=NO_STORE)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Core 5.3."""
    try:
        bearer = tokens.find(bearer_token(request))
        if bearer is None or bearer.user is None:
            raise errors.InvalidToken(detail="unknown, expired or revoked, or of no person")
        if scopes.OPENID not in bearer.scopes:
            raise errors.InsufficientScope
    except errors.OAuthError as error:
        headers = NO_STORE | {"WWW-Authenticate": f'Bearer error="{error.error}", error_description="{error.public}"'}
        return JsonResponse(error.as_dict(), status=error.status, headers=headers)
    return JsonResponse(oidc.user_claims(bearer.user, bearer.scopes), headers=NO_STORE)


def bearer_token(request: HttpRequest) -> str:
    """RFC 6750 2.1 and 2.2; never from the query (RFC 9700 4.3.2)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.POST.get("access_token", "")


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    """RFC 7517 5."""
    return JsonResponse(signing.jwks(), headers={"Cache-Control": f"public, max-age={signing.max_age()}"})


@require_GET
def metadata(request: HttpRequest) -> HttpResponse:
    """RFC 8414 3 and OpenID Connect Discovery 4."""
    return JsonResponse(described.document(), headers={"Cache-Control": "public, max-age=300"})


class SignIn(AccountSignIn):
    """The sign-in page, naming the application that waits for it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        client, return_host = login.waiting_client(self.request.GET.get("next", ""))
        return super().get_context_data(client=client, return_host=return_host, **kwargs)  # type: ignore[no-any-return]


sign_in = SignIn.as_view()
