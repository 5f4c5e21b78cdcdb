"""X-JWT-Assertion: who calls, told to a backend that asks for it, in WSO2's claims and signed (docs/decisions/0020).

The portal makes one for each token and API, when Envoy asks for it; Envoy remembers it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from gateway import called, checks
from store import key_managers
from store.key_managers.base import Caller, CallRefusedError

# Not our own issuer: nothing that takes our tokens takes an assertion for one (RFC 8725 3.11), and what backends of
# WSO2's check stays right. So does the tenant, of which there is one.
ISSUER = "wso2.org/products/am"
DIALECT = "http://wso2.org/claims/"
TENANT, TENANT_ID = "carbon.super", "-1234"
# An assertion is remembered as long as its token lives, and no longer than a day; it is good for a minute more, so that
# none arrives that has just expired.
LONGEST, SLACK = 86_400, 60


@csrf_exempt
def assertion(request: HttpRequest) -> HttpResponse:
    """For Envoy's ext_authz: the assertion about the caller of the API that X-Gateway-API names, and for how many
    seconds it may be remembered."""
    api = request.headers.get("X-Gateway-API", "")
    if not (checks.is_from_gateway(request) and api):
        return HttpResponse("Only a gateway may ask.\n", status=403, content_type="text/plain")
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    key_manager = key_managers.current()
    try:
        caller = key_manager.caller(token)
    except CallRefusedError as refused:
        return checks.empty(refused.status, {"WWW-Authenticate": refused.challenge})
    now = int(time.time())
    seconds = remembered(caller.claims, now)
    times = {"iat": now, "exp": now + seconds + SLACK}
    signed = key_manager.sign_assertion(claims(caller, api) | times)
    return checks.empty(200, {"X-JWT-Assertion": signed, "X-Gateway-Seconds": str(seconds)})


def remembered(token: Mapping[str, Any], now: int) -> int:
    return max(min(int(token["exp"]) - now, LONGEST), 0)


def subscriptionless_tier(api: str) -> str:
    found = called.find(api)
    return found.subscriptionless_tier if found else ""


def claims(caller: Caller, api: str) -> dict[str, Any]:
    """WSO2's (reference wso2-2.6.md section 10), and of RFC 7519 4.1 what a library looks for: times are in seconds,
    where WSO2 wrote milliseconds. `api`: its path, /photos/1.0"""
    token = caller.claims
    application = token.get("application", {})
    owner = application.get("owner", "")
    told = {
        "subscriber": owner,
        "applicationid": application.get("id", ""),
        "applicationname": application.get("name", ""),
        "applicationtier": application.get("tier", ""),
        "apicontext": api,
        "version": api.rpartition("/")[2],
        "tier": token.get("subscriptions", {}).get(api[1:]) or subscriptionless_tier(api),
        "keytype": token.get("key_type", ""),
        "usertype": "APPLICATION_USER" if caller.user_name else "APPLICATION",
        "enduser": f"{caller.user_name or owner}@{TENANT}",
        "enduserTenantId": TENANT_ID,
        "applicationUUId": application.get("id", ""),
    }
    return {"iss": ISSUER, "sub": token["sub"], **{f"{DIALECT}{name}": value for name, value in told.items()}}
