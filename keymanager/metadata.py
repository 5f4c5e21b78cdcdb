"""What this key manager says of itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts import authentication_methods
from keymanager import (
    authorization_details,
    dpop,
    encryption,
    grants,
    jarm,
    json_web_tokens,
    personal_claims,
    scopes,
    signing,
    subjects,
)
from keymanager.authorize import PROMPTS, RESPONSE_MODES
from keymanager.client_authentication import described

# What an ID token says beside the claims about the person (OpenID Connect Core 2 and 3.3.2.11, RFC 8176).
OF_TOKENS = ("iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash")


def document() -> dict[str, Any]:
    """RFC 8414 2 and OpenID Connect Discovery 3: only what works. 3.2: "Claims with zero elements MUST be omitted"."""
    document = members()
    said = document | described.members(document)
    return {name: value for name, value in said.items() if value != []}


def members() -> dict[str, Any]:
    issuer = settings.ISSUER
    registration = {"registration_endpoint": f"{issuer}/oauth2/register"} if settings.REGISTRATION != "closed" else {}
    return registration | {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "userinfo_endpoint": f"{issuer}/oauth2/userinfo",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth2/par",
        "require_pushed_authorization_requests": settings.REQUIRE_PUSHED_AUTHORIZATION_REQUESTS,
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "device_authorization_endpoint": f"{issuer}/oauth2/device_authorization",
        "introspection_endpoint": f"{issuer}/oauth2/introspect",
        "end_session_endpoint": f"{issuer}/oauth2/logout",
        "check_session_iframe": f"{issuer}/oauth2/check_session",
        "jwks_uri": f"{issuer}/oauth2/jwks",
        "scopes_supported": sorted(scopes.ALWAYS_ALLOWED),
        "response_types_supported": list(grants.RESPONSES),
        "response_modes_supported": [*RESPONSE_MODES, *jarm.RESPONSE_MODES],
        "grant_types_supported": [*grants.EXCHANGES, "implicit"],
        "introspection_signing_alg_values_supported": signing.ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "subject_types_supported": list(subjects.TYPES),
        "id_token_signing_alg_values_supported": signing.ALGORITHMS,
        "id_token_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(encryption.ENCODINGS),
        "userinfo_signing_alg_values_supported": signing.ALGORITHMS,
        "userinfo_encryption_alg_values_supported": list(encryption.ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(encryption.ENCODINGS),
        "acr_values_supported": authentication_methods.ACR_VALUES,
        "prompt_values_supported": sorted(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": ["en"],
        "claims_locales_supported": ["en"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*OF_TOKENS, *personal_claims.ALL],
        "claims_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "authorization_details_types_supported": authorization_details.types(),
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": settings.CLIENT_ID_METADATA_DOCUMENTS,
        "authorization_signing_alg_values_supported": signing.ALGORITHMS,
        # RFC 9101 10.5
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": list(json_web_tokens.ALGORITHMS),
    }
