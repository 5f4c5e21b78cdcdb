from __future__ import annotations

import logging
import sys

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

log = logging.getLogger(__name__)


class SecurityHeadersMiddleware(MiddlewareMixin):
    """A response whose policy differs brings the whole of it (keymanager/framing.py)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        policy = "; ".join(f"{name} {value}" for name, value in settings.CONTENT_SECURITY_POLICY.items())
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class WrongMethodMiddleware(MiddlewareMixin):
    """Whoever opens an address that only a button asks sees a page and not the browser's own (RFC 9110 15.5.6)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code != 405 or response.content:
            return response
        # RFC 9110 15.5.6: such an answer may be kept by a cache.
        patch_vary_headers(response, ["Accept"])
        if "text/html" in request.headers.get("Accept", ""):
            sentence = "This address does something only when its button is pressed."
            context = {"title": "Not this way", "sentence": sentence}
            response.content = render_to_string("problem.html", context, request).encode()
        return response


def away() -> tuple[type[Exception], ...]:
    """The database (SQLite locked, PostgreSQL away), or what keeps the counters, where that is Redis: it takes 0.2 s to
    load, and loads OpenTelemetry if that is there."""
    redis = sys.modules.get("redis.exceptions")
    return (OperationalError, redis.RedisError) if redis else (OperationalError,)


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
