"""Calls that a gateway cannot check by itself: with an opaque token, one that is bound to a key, or an API key.

Envoy asks by ext_authz and goes on with the self-contained token that it is told (phantom token pattern). Any other
gateway gets by with the status, 204, 401 or 403 (docs/gateways/), which is about the whole call and not only its token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from gateway import api_keys, faults, filters, node_key, verdicts
from gateway.verdicts import Asked, Refused
from store import key_managers
from store.key_managers.base import Call, CallRefusedError, CheckedCall

CODE, KEY_TYPE = faults.CODE_HEADER, "x-gateway-key-type"

# What the key manager has to see of a call. Only Envoy tells of certificates: others would have to be trusted to remove
# what a caller says of them. By the names that a request has them under, which are spared a search for each.
CREDENTIALS = {"HTTP_AUTHORIZATION": "Authorization"} | {
    f"HTTP_{name.upper().replace('-', '_')}": name for name in api_keys.HEADERS
}
SEEN = CREDENTIALS | {"HTTP_DPOP": "DPoP"}
SEEN_BY_ENVOY = SEEN | {
    "HTTP_X_FORWARDED_CLIENT_CERT": "X-Forwarded-Client-Cert",
    "HTTP_X_GATEWAY_PROOF": "X-Gateway-Proof",
}
# Where gateways say what was called; the second is the name that some of them cannot change.
URI = ("HTTP_X_ORIGINAL_URI", "HTTP_X_FORWARDED_URI")
METHOD = ("HTTP_X_ORIGINAL_METHOD", "HTTP_X_FORWARDED_METHOD")


@csrf_exempt
def check(request: HttpRequest) -> HttpResponse:
    """For any gateway, in headers only: 204, or 401 or 403 with the challenge for the caller and WSO2's fault code.
    X-Original-URI and X-Original-Method are those of the call, X-Gateway-Proof shows that a gateway of ours asks."""
    if not is_from_gateway(request):
        return stranger()
    asked = asked_of(request)
    if asked is None:
        return refusal(Refused(403, 400))
    try:
        checked = check_token(request, asked, SEEN)
        verdicts.check(asked, checked.claims)
    except CallRefusedError as refused:
        code = 900901 if request.META.keys() & CREDENTIALS else 900902
        challenge = verdicts.challenge_of_key_manager(asked, refused.challenge)
        return empty(refused.status, {**refused.headers, "WWW-Authenticate": challenge, CODE: str(code)})
    except Refused as refused:
        return refusal(refused)
    # Always with the credentials for the backend: some gateways take a header that is missing for one to remove.
    more = {
        KEY_TYPE: str(checked.claims.get("key_type", "PRODUCTION")),
        "Authorization": request.META.get("HTTP_AUTHORIZATION", ""),
    }
    return yes(204, request, checked, more)


@csrf_exempt
def exchange(request: HttpRequest) -> HttpResponse:
    """For Envoy's ext_authz, to which nothing but 200 is a yes: only the token. The rest Envoy looks at itself."""
    if not is_from_gateway(request):
        return stranger()
    uri = request.META.get(URI[0], "/").partition("?")[0]
    try:
        checked = check_token(request, Asked(request.method or "GET", uri), SEEN_BY_ENVOY)
    except CallRefusedError as refused:
        return empty(refused.status, {**refused.headers, "WWW-Authenticate": refused.challenge})
    return yes(200, request, checked, {})


def asked_of(request: HttpRequest) -> Asked | None:
    """None where it is not told, or where two headers say different things: a gateway sets one of them, and the other
    may be its caller's own."""
    uri, method = ({request.META[name] for name in names if name in request.META} for names in (URI, METHOD))
    if len(uri) != 1 or len(method) != 1:
        return None
    key_type = request.GET.get("key_type", "") if request.META.get("QUERY_STRING") else ""
    return Asked(method.pop(), uri.pop().partition("?")[0], key_type)


def check_token(request: HttpRequest, asked: Asked, seen: Mapping[str, str]) -> CheckedCall:
    headers = {name: request.META[key] for key, name in seen.items() if key in request.META}
    call = Call(method=asked.method, path=asked.path, headers=headers)
    return api_keys.check(headers) if api_keys.shown(headers) else key_managers.current().check_call(call)


def yes(status: int, request: HttpRequest, checked: CheckedCall, more: dict[str, str]) -> HttpResponse:
    headers = {**checked.headers, **more, filters.EXCHANGED: checked.token}
    if checked.token not in request.META.get("HTTP_AUTHORIZATION", ""):
        headers["Authorization"] = f"Bearer {checked.token}"
    return empty(status, headers)


def refusal(refused: Refused) -> HttpResponse:
    challenge = {"WWW-Authenticate": refused.challenge} if refused.challenge else {}
    return empty(refused.status, {**challenge, CODE: str(refused.code)})


def stranger() -> HttpResponse:
    return HttpResponse("Only a gateway may ask.\n", status=403, content_type="text/plain")


def is_from_gateway(request: HttpRequest) -> bool:
    shown = request.META.get("HTTP_X_GATEWAY_PROOF", "")
    return bool(shown) and hmac.compare_digest(shown.encode(errors="replace"), node_key.proof().encode())


def empty(status: int, headers: dict[str, str]) -> HttpResponse:
    response = HttpResponse(status=status, headers={**headers, "Cache-Control": "no-store"})
    del response.headers["Content-Type"]
    return response
