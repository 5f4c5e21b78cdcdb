"""What every answer of this site has in common."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

Handler = Callable[[HttpRequest], HttpResponseBase]

# form-action also rules where a redirect after a form may go, and "Authorize" goes to any server the person names.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self' http: https:",
    ]
)


def content_security_policy(get_response: Handler) -> Handler:
    """Nothing is loaded from anywhere else, and nothing inline runs."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return handle


def never_stored(get_response: Handler) -> Handler:
    """Pages show codes, tokens and pictures: no cache keeps them, so "Back" after "Start over" shows nothing."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == 405:
            return _wrong_method(request, response)
        return response

    return handle


def one_address(get_response: Handler) -> Handler:
    """The session cookie belongs to one host name, the callback's: people who come by another are sent there."""
    home = urlsplit(settings.PLAYGROUND_URL)

    def handle(request: HttpRequest) -> HttpResponseBase:
        elsewhere = request.get_host() != home.netloc and not request.path.endswith("/health")
        if elsewhere and request.method in {"GET", "HEAD"}:
            return HttpResponseRedirect(f"{home.scheme}://{home.netloc}{request.get_full_path()}")
        return get_response(request)

    return handle


def _wrong_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """RFC 9110 15.5.6: the answer names the methods that would do."""
    page = render(request, "playground/405.html", status=405)
    page.headers["Allow"] = response.headers["Allow"]
    page.headers["Cache-Control"] = "no-store"
    return page
