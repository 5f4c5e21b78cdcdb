"""Answers that several endpoints give."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from keymanager import dpop, errors, rate_limits

log = logging.getLogger(__name__)
P = ParamSpec("P")

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def as_json(members: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] = NO_STORE) -> HttpResponse:
    """As `JsonResponse` would, which takes half as long again to find out what is told to it here."""
    return HttpResponse(json.dumps(members).encode(), status=status, content_type="application/json", headers=headers)


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


def unstored(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """What the view does not say may be stored may not (RFC 9111 5.2.2.5)."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answered


def see_other(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """FAPI 2.0 Security Profile 5.3.2.2: "shall use the HTTP 303 status code when redirecting the user agent". After a
    POST it is the one that never sends a form on (RFC 9700 4.12)."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        request = args[0]
        if response.status_code == 302 and isinstance(request, HttpRequest) and request.method == "POST":
            response.status_code = 303
        return response

    return answered


def refused(request: HttpRequest, error: errors.OAuthError) -> HttpResponse:
    """RFC 6749 5.2."""
    error = rate_limits.counted(request, error)
    log.info("%s refused: %s", request.path, error)
    headers = NO_STORE | dpop.nonce_header(request)
    if isinstance(error, errors.TooManyFailures):
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Basic realm="{settings.PORTAL_HOST}"'
    return as_json(error.as_dict(), status=error.status, headers=headers)


def refused_bearer(request: HttpRequest, error: errors.OAuthError) -> HttpResponse:
    """RFC 6750 3: what a token protects answers; without any token it "SHOULD NOT include an error code" (3.1)."""
    log.info("%s refused: %s", request.path, error)
    headers = dict(NO_STORE)
    if error.status == 401:
        realm, reason = f'realm="{settings.PORTAL_HOST}"', f'error="{error.error}", error_description="{error.public}"'
        headers["WWW-Authenticate"] = f"Bearer {reason if bearer_token(request) else realm}"
    return as_json(error.as_dict(), status=error.status, headers=headers)


def bearer_token(request: HttpRequest) -> str:
    """RFC 6750 2.1; empty when there is none."""
    scheme, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
