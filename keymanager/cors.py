"""Which pages of other origins may call from a browser (Fetch 3.2, RFC 6749 leaves it open).

What everybody may read is open to all. The endpoints that applications call answer only the origins that a client has
registered; no cookie plays a part there, so none is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from keymanager import client_authentication, errors
from keymanager.models import ClientURI

View = Callable[..., HttpResponse]

PREFLIGHT_SECONDS = "600"
ALLOWED_HEADERS = "Authorization, Content-Type, DPoP, MCP-Protocol-Version"
EXPOSED_HEADERS = "WWW-Authenticate, DPoP-Nonce, Retry-After"


def for_all(view: View) -> View:
    """Of a document that holds no secret."""

    @wraps(view)
    def answered(request: HttpRequest, **named: str) -> HttpResponse:
        response = preflight() if is_preflight(request) else view(request, **named)
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answered


def for_registered_origins(view: View) -> View:
    """Of an endpoint that applications call. Another origin's call is carried out as ever, but its page may not read
    the answer; a browser asks before it sends anything that a form could not."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        origin = request.META.get("HTTP_ORIGIN", "")
        response = preflight() if is_preflight(request) else view(request)
        if origin and is_registered(origin, named_client(request)):
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        patch_vary_headers(response, ["Origin"])
        return response

    return answered


def is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META


def preflight() -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
        },
    )


def is_registered(origin: str, client_id: str) -> bool:
    """Of the client that calls, when the call says which that is; else of any."""
    if len(origin) > 300 or "\x00" in client_id:
        return False
    rows = ClientURI.objects.filter(kind=ClientURI.Kind.ORIGIN, uri=origin, client__blocked_at=None)
    return (rows.filter(client__client_id=client_id) if client_id else rows).exists()


def named_client(request: HttpRequest) -> str:
    """As the request has it, unproven."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header.lower().startswith("basic "):
        return request.POST.get("client_id", "")
    try:
        return client_authentication.basic_credentials(header)[0]
    except (errors.OAuthError, ValueError):
        return ""
