"""The endpoints that programs call, answered in front of Django's handler and its middleware, which would be half of
what a call costs. Nothing of what is there for people is for them: sessions, CSRF tokens, messages.

What is needed of the rest is done here: TLS, the host's name, a busy database, the standing headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import resolve, reverse
from django.utils.log import log_response
from django.utils.module_loading import import_string

from apimanager.middleware import SecurityHeadersMiddleware, away, busy

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

NAMES = (
    *("keymanager:token", "keymanager:introspect", "keymanager:revoke", "keymanager:userinfo"),
    *("keymanager:par", "keymanager:device-authorization"),
    *("gateway:check", "gateway:exchange", "gateway:assertion"),
    *("gateway:news", "gateway:routes", "gateway:clusters", "gateway:extension_configs"),
)
TRACING = "apimanager.tracing.TracingMiddleware"
# Envoy asks under the name that its caller used; these views let in gateways only, and never look at the name.
OF_ANY_HOST = frozenset({"gateway:exchange", "gateway:assertion"})


class Endpoint(NamedTuple):
    view: Callable[[HttpRequest], HttpResponse]
    is_of_any_host: bool


@cache
def by_path() -> dict[str, Endpoint]:
    paths = {name: reverse(name) for name in NAMES}
    return {path: Endpoint(resolve(path).func, name in OF_ANY_HOST) for name, path in paths.items()}


class MachineEndpoints:
    """What the server calls (apimanager/wsgi.py); all else goes to the application behind."""

    def __init__(self, behind: WSGIApplication) -> None:
        self.behind = behind
        # Only where traces are collected is anything of the kind imported (apimanager/tracing.py).
        self.answer = import_string(TRACING)(answer) if settings.TRACES else answer

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in by_path() or environ.get("SCRIPT_NAME"):
            return self.behind(environ, start_response)
        request = WSGIRequest(environ)
        if is_to_be_sent_to_tls(request):
            return self.behind(environ, start_response)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()  # as at the beginning of any request
        try:
            response = self.answer(request)
        finally:
            request.close()
        if response.status_code >= 400:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.headers._store.values()))
        return [response.content]


def is_to_be_sent_to_tls(request: HttpRequest) -> bool:
    return settings.SECURE_SSL_REDIRECT and not request.is_secure()


def answer(request: HttpRequest) -> HttpResponse:
    response = cast(HttpResponse, answer_of_view(request))
    response.headers["Content-Length"] = str(len(response.content))
    # Six times `setdefault` would cost as much as the rest of this.
    response.headers._store = standing_headers(request.is_secure()) | response.headers._store
    return response


@convert_exception_to_response
def answer_of_view(request: HttpRequest) -> HttpResponse:
    endpoint = by_path()[request.path_info]
    if not (endpoint.is_of_any_host or is_allowed(request.META.get("HTTP_HOST", ""), *settings.ALLOWED_HOSTS)):
        request.get_host()  # refuses, and says why
    try:
        return endpoint.view(request)
    except away() as exception:
        return busy(request, exception)


@lru_cache(maxsize=100)
def is_allowed(host: str, *allowed: str) -> bool:
    return validate_host(split_domain_port(host)[0], allowed)


@cache
def standing_headers(is_secure: bool) -> dict[str, tuple[str, str]]:
    """What the middleware puts on every answer, asked of it once, as Django keeps it: by names in lower case."""
    request, response = HttpRequest(), HttpResponse()
    request._get_scheme = lambda: "https" if is_secure else "http"  # type: ignore[attr-defined]
    del response.headers["Content-Type"]
    for middleware in (SecurityMiddleware, SecurityHeadersMiddleware, XFrameOptionsMiddleware):
        middleware(lambda _: response).process_response(request, response)
    return dict(response.headers._store)
