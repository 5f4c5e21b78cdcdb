"""The two filters that put X-JWT-Assertion before a call (gateway/assertions.py): one remembers, one asks.

Both are off until a route asks for them. The one that asks is ext_authz, because a script that waits would have to keep
the body of an upload, and refuses it when it is large.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from gateway import filters, node_key, remembering

Config = dict[str, Any]

MEMORY, ASKING = "gateway.assertions", "gateway.assertion"
ASSERTION, API = "x-jwt-assertion", "x-gateway-api"


def chain(portal: str) -> list[Config]:
    """Just before the router: whoever has come so far may call."""
    return [
        {"name": MEMORY, "disabled": True, "typed_config": memory()},
        {"name": ASKING, "disabled": True, "typed_config": asking(portal)},
    ]


def memory() -> Config:
    return remembering.filter_of(source_codes={"assertions": remembering.script("assertions.lua")})


def asking(portal: str) -> Config:
    """Of those calls whose assertion is not remembered."""
    unknown = {"not_matcher": filters.header(ASSERTION, filters.ANYTHING)}
    return filters.only_for(unknown, ASKING, from_portal(portal))


def from_portal(portal: str) -> Config:
    """Asks the portal. Without an answer the call is refused: 503."""
    proof = {"key": "x-gateway-proof", "value": node_key.proof()}
    told = {"patterns": [{"exact": ASSERTION}, {"exact": "x-gateway-seconds"}]}
    return {
        "@type": f"{filters.EXTENSIONS}.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        # Envoy's own count of what was asked: http.gateway.ext_authz.assertion.ok
        "stat_prefix": "assertion",
        "allowed_headers": {"patterns": [{"exact": API}]},
        "status_on_error": {"code": "ServiceUnavailable"},
        "http_service": {
            "server_uri": {"uri": settings.PORTAL_URL, "cluster": portal, "timeout": "3s"},
            "path_override": "/gateway/assertion",
            "authorization_request": {"headers_to_add": [proof]},
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"exact": ASSERTION}]},
                "allowed_client_headers": {"patterns": [{"exact": "www-authenticate"}]},
                "dynamic_metadata_from_headers": told,
            },
        },
    }


def of_route(path: str) -> Config:
    """Switches both on for the routes of the API at this path."""
    return {
        MEMORY: {
            "@type": f"{filters.EXTENSIONS}.lua.v3.LuaPerRoute",
            "name": "assertions",
            "filter_context": {"api": path},
        },
        ASKING: {"@type": f"{filters.EXTENSIONS}.ext_authz.v3.ExtAuthzPerRoute", "check_settings": {}},
    }
