"""Calls that a gateway cannot check by itself: with an opaque token, one that is bound to a key, or an API key.

Envoy asks by ext_authz and goes on with the self-contained token that it is told (phantom token pattern). Any other
gateway gets by with the status: 204 or 401 (nginx: auth_request).
"""

from __future__ import annotations

import hmac

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from gateway import api_keys, filters, node_key
from store import key_managers
from store.key_managers.base import Call, CallRefusedError, CheckedCall

# What the key manager has to see of a call.
SEEN = ("Authorization", "DPoP", "X-Forwarded-Client-Cert", "X-Gateway-Proof", *api_keys.HEADERS)


@csrf_exempt
def check(request: HttpRequest) -> HttpResponse:
    """RFC 6750 for a gateway: 204, or 401 with the challenge for the caller. X-Original-URI and X-Original-Method are
    those of the call, X-Gateway-Proof shows that a gateway of ours is asking."""
    return checked(request, 204)


@csrf_exempt
def exchange(request: HttpRequest) -> HttpResponse:
    """The same for Envoy's ext_authz, to which nothing but 200 is a yes."""
    return checked(request, 200)


def checked(request: HttpRequest, status: int) -> HttpResponse:
    if not is_from_gateway(request):
        return HttpResponse("Only a gateway may ask.\n", status=403, content_type="text/plain")
    method = request.headers.get("X-Original-Method") or request.method or "GET"
    path = request.headers.get("X-Original-URI", "/").partition("?")[0]
    seen = {name: request.headers[name] for name in SEEN if name in request.headers}
    try:
        checked = check_call(Call(method=method, path=path, headers=seen))
    except CallRefusedError as refused:
        return empty(refused.status, {**refused.headers, "WWW-Authenticate": refused.challenge})
    headers = {**checked.headers, filters.EXCHANGED: checked.token}
    if checked.token not in seen.get("Authorization", ""):
        headers["Authorization"] = f"Bearer {checked.token}"
    return empty(status, headers)


def check_call(call: Call) -> CheckedCall:
    if api_keys.shown(call.headers):
        return api_keys.check(call.headers)
    return key_managers.current().check_call(call)


def is_from_gateway(request: HttpRequest) -> bool:
    shown = request.headers.get("X-Gateway-Proof", "")
    return bool(shown) and hmac.compare_digest(shown.encode(errors="replace"), node_key.proof().encode())


def empty(status: int, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(status=status, headers={**headers, "Cache-Control": "no-store"})
    del response.headers["Content-Type"]
    return response
