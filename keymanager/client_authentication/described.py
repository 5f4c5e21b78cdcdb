"""What the metadata says of client authentication (RFC 8414 2, RFC 8705 3.3 and 5)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from keymanager import json_web_tokens
from keymanager.client_authentication import supported

# Whose callers are clients: at the gateway they may present a certificate, at the portal nobody is asked for one.
ALIASED = (
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
)


def members(document: dict[str, Any]) -> dict[str, Any]:
    """The members to add to a `document` that has its endpoints."""
    algorithms = list(json_web_tokens.ALGORITHMS)
    public, confidential = supported(), supported(public=False)
    return {
        "token_endpoint_auth_methods_supported": public,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": public,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "tls_client_certificate_bound_access_tokens": True,
        "mtls_endpoint_aliases": {name: at_gateway(document[name]) for name in ALIASED if name in document},
    }


def at_gateway(endpoint: str) -> str:
    """The gateway has each of them without `/oauth2` (gateway/routes.py)."""
    return settings.GATEWAY_URL + endpoint.removeprefix(f"{settings.ISSUER}/oauth2")
