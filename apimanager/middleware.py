from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.deprecation import MiddlewareMixin

log = logging.getLogger(__name__)


class SecurityHeadersMiddleware(MiddlewareMixin):
    """A response whose policy differs brings the whole of it (keymanager/framing.py)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        policy = "; ".join(f"{name} {value}" for name, value in settings.CONTENT_SECURITY_POLICY.items())
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


@cache
def away() -> tuple[type[Exception], ...]:
    """How the database says it (SQLite locked, PostgreSQL away), and what keeps the counters. Imported when something
    went wrong: most installations have no Redis, and each process would take longer to start."""
    from redis.exceptions import RedisError

    return OperationalError, RedisError


class DatabaseBusyMiddleware(MiddlewareMixin):
    """Answers 503 with a clear sentence when what we keep things in cannot be had."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return busy(request, exception) if isinstance(exception, away()) else None


def busy(request: HttpRequest, exception: Exception) -> HttpResponse:
    log.error("not available for %s: %s: %s", request.path, type(exception).__name__, exception)
    sentence = "The database is busy. Nothing was changed; please try again in a moment."
    response: HttpResponse
    if "text/html" in request.headers.get("Accept", ""):
        response = render(request, "problem.html", {"title": "Just a moment", "sentence": sentence}, status=503)
    else:
        problem = {"error": "temporarily_unavailable", "error_description": sentence}
        response = JsonResponse(problem, status=503, headers={"Cache-Control": "no-store"})
    response.headers["Retry-After"] = str(settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5))
    return response


# The endpoints that programs call. Nothing that is there for people is for them: sessions, CSRF tokens, messages.
MACHINE_ENDPOINTS = (
    *("keymanager:token", "keymanager:introspect", "keymanager:revoke", "keymanager:userinfo"),
    *("gateway:check", "gateway:exchange"),
)

# Envoy asks under the name that its caller used; the view lets in gateways only, and never looks at the name.
ANY_HOST = "gateway:exchange"


@cache
def machine_views() -> dict[str, Callable[[HttpRequest], HttpResponse]]:
    """By path."""
    return {path: resolve(path).func for path in map(reverse, MACHINE_ENDPOINTS)}


class MachineEndpointsMiddleware:
    """Calls these endpoints past all other middleware, which would be a third of what a call costs.

    What the others do for such a request is done here: TLS, the host's name, a busy database, the standing headers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = machine_views().get(request.path_info)
        is_secure = request.is_secure()
        if view is None or (settings.SECURE_SSL_REDIRECT and not is_secure):
            return self.get_response(request)
        if view is not machine_views()[reverse(ANY_HOST)]:
            request.get_host()  # refuses what is not in ALLOWED_HOSTS
        try:
            response = view(request)
        except away() as exception:
            response = busy(request, exception)
        response.headers["Content-Length"] = str(len(response.content))
        # Six times `setdefault` would cost as much as the rest of this.
        response.headers._store = standing_headers(is_secure) | response.headers._store
        return response


@cache
def standing_headers(is_secure: bool) -> dict[str, tuple[str, str]]:
    """What the others put on every answer, asked of them once, as Django keeps it: by names in lower case."""
    request, response = HttpRequest(), HttpResponse()
    request._get_scheme = lambda: "https" if is_secure else "http"  # type: ignore[attr-defined]
    del response.headers["Content-Type"]
    for middleware in (SecurityMiddleware, SecurityHeadersMiddleware, XFrameOptionsMiddleware):
        middleware(lambda _: response).process_response(request, response)
    return dict(response.headers._store)
