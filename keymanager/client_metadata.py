"""What a client says of itself beyond the columns of Client: the members of RFC 7591 2 and of the later documents that
add to its registry, by their registered names; what each may be, and what leaving it out means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from keymanager import client_keys, errors

LONGEST_TEXT = 2000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_REQUEST_URIS = 10
# RFC 9101 5.2: "The entire Request URI SHOULD NOT exceed 512 ASCII characters."
LONGEST_REQUEST_URI = 512


@dataclass(frozen=True)
class Member:
    """Whether a value may stand for it, and the value when it is left out."""

    allows: Callable[[Any], bool]
    default: Any = None


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 100 and all(is_text(item) for item in value)


def is_seconds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def is_web_address(value: Any) -> bool:
    """An absolute https URL without a fragment."""
    if not is_text(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "#" not in value
    except ValueError:
        return False


def are_request_uris(value: Any) -> bool:
    """OpenID Connect Registration 1.0 2: https; a fragment names the version of this moment."""
    return is_texts(value) and len(value) <= MOST_REQUEST_URIS and all(map(is_request_uri, value))


def is_request_uri(value: str) -> bool:
    return value.isascii() and len(value) <= LONGEST_REQUEST_URI and is_web_address(value.partition("#")[0])


def is_logout_address(value: Any) -> bool:
    """Back-Channel Logout 1.0 2.2 and Front-Channel Logout 1.0 2 leave http to the OP: here it is for the demo, on this
    very machine."""
    if settings.DEMO and is_text(value) and value.startswith("http://"):
        return is_web_address(value.replace("http", "https", 1)) and urlsplit(value).hostname in LOOPBACK
    return is_web_address(value)


def is_key_set(value: Any) -> bool:
    """RFC 7517 5, and RFC 7591 2: "the client's public keys". A private one would be anybody's who reads it here."""
    keys = value.get("keys") if isinstance(value, dict) else None
    return isinstance(keys, list) and len(keys) <= client_keys.MOST_KEYS and all(map(is_public_key, keys))


def is_public_key(value: Any) -> bool:
    return isinstance(value, dict) and not client_keys.PRIVATE_MEMBERS & value.keys()


def one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in values


MEMBERS: dict[str, Member] = {
    # RFC 7591 2. Without a method of its own a confidential client may send its secret in either way.
    "token_endpoint_auth_method": Member(
        one_of(
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "none",
        )
    ),
    # None, or none named: all that the grant types allow.
    "response_types": Member(is_texts),
    "token_endpoint_auth_signing_alg": Member(one_of("ES256", "PS256", "RS256", "EdDSA", "Ed25519")),
    "client_uri": Member(is_web_address),
    "logo_uri": Member(is_web_address),
    "tos_uri": Member(is_web_address),
    "policy_uri": Member(is_web_address),
    "contacts": Member(is_texts, ()),
    "jwks": Member(is_key_set),
    "jwks_uri": Member(is_web_address),
    "software_id": Member(is_text),
    "software_version": Member(is_text),
    # RFC 8705 2.1.2 and 3.4
    "tls_client_auth_subject_dn": Member(is_text),
    "tls_client_auth_san_dns": Member(is_text),
    "tls_client_auth_san_uri": Member(is_text),
    "tls_client_auth_san_ip": Member(is_text),
    "tls_client_auth_san_email": Member(is_text),
    "tls_client_certificate_bound_access_tokens": Member(is_flag, default=False),
    # RFC 9449 5.2
    "dpop_bound_access_tokens": Member(is_flag, default=False),
    # RFC 9126 6, RFC 9101 10.5, OpenID Connect Registration 1.0 2
    "require_pushed_authorization_requests": Member(is_flag, default=False),
    "allow_plain_code_challenge": Member(is_flag, default=False),
    "require_signed_request_object": Member(is_flag, default=False),
    "request_object_signing_alg": Member(one_of("ES256", "PS256", "RS256", "EdDSA", "Ed25519")),
    "request_uris": Member(are_request_uris, ()),
    # JARM 3: "The default, if omitted, is RS256."
    "authorization_signed_response_alg": Member(one_of("ES256", "RS256"), "RS256"),
    # RFC 9701 6: "The default, if omitted, is RS256."
    "introspection_signed_response_alg": Member(one_of("ES256", "RS256"), "RS256"),
    # OpenID Connect Registration 1.0 2
    "application_type": Member(one_of("web", "native"), "web"),
    "subject_type": Member(one_of("public", "pairwise"), "public"),
    "sector_identifier_uri": Member(is_web_address),
    "id_token_encrypted_response_alg": Member(one_of("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")),
    "id_token_encrypted_response_enc": Member(one_of("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")),
    "userinfo_encrypted_response_alg": Member(one_of("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")),
    "userinfo_encrypted_response_enc": Member(one_of("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")),
    "userinfo_signed_response_alg": Member(one_of("ES256", "RS256")),
    "default_max_age": Member(is_seconds),
    "require_auth_time": Member(is_flag, default=False),
    "default_acr_values": Member(is_texts, ()),
    "initiate_login_uri": Member(is_web_address),
    # OpenID Connect Back-Channel Logout 2.2 and Front-Channel Logout 2
    "backchannel_logout_uri": Member(is_logout_address),
    "backchannel_logout_session_required": Member(is_flag, default=False),
    "frontchannel_logout_uri": Member(is_logout_address),
    "frontchannel_logout_session_required": Member(is_flag, default=False),
    # RFC 9396 10
    "authorization_details_types": Member(is_texts, ()),
    # Ours: one switch for a whole profile (keymanager/profiles.py), and refusal instead of filtering (RFC 6749 3.3).
    "security_profile": Member(one_of("baseline", "oauth-2.1", "fapi-2.0", "fapi-2.0-message-signing"), "baseline"),
    "may_impersonate": Member(is_flag, default=False),
    "refuse_unknown_scopes": Member(is_flag, default=False),
}


# RFC 7591 2, of each of these: the server "SHOULD display this URL to the end-user".
PAGES = {"client_uri": "About it", "policy_uri": "Privacy policy", "tos_uri": "Terms of service"}


def pages(metadata: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a client has to read for a person, as {title, url}."""
    return [{"title": title, "url": metadata[name]} for name, title in PAGES.items() if name in metadata]


def check(metadata: Mapping[str, Any]) -> None:
    """Each member is known and has a value that it may have; the error names the first that has not."""
    for name, value in metadata.items():
        if name not in MEMBERS or not MEMBERS[name].allows(value):
            raise errors.InvalidClientMetadata(f"{name} has a value that cannot be used.", detail=repr(value)[:200])
