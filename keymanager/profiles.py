"""What a client may be held to beyond the defaults: one table, and small questions that the checks ask it.

The defaults are those of RFC 9700. A client is put under a profile by its metadata's `security_profile`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.conf import settings

from keymanager import dpop, errors, json_web_tokens
from keymanager.models import Client


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a profile demands; left out, it is the default's. Lifetimes in seconds."""

    allows_public_clients: bool = True
    requires_pkce: bool = False
    allows_plain_pkce: bool = True
    requires_pushed_requests: bool = False
    requires_signed_requests: bool = False
    requires_signed_responses: bool = False
    requires_sender_constraint: bool = False
    requires_https_redirects: bool = False
    requires_redirect_uri_at_token: bool = True
    rotates_refresh_tokens: bool = True
    code_lifetime: int | None = None
    response_types: Collection[str] | None = None
    refused_grant_types: frozenset[str] = frozenset()
    authentication_methods: Collection[str] | None = None
    # Whether the audience of what a client signs is the issuer alone, and the object is young (FAPI 2.0 5.3.2.1).
    is_strict_with_assertions: bool = False
    signing_algorithms: Collection[str] = json_web_tokens.ALGORITHMS
    dpop_algorithms: Collection[str] = tuple(dpop.ALGORITHMS)


BASELINE = Profile()
"""RFC 9700, which every client is held to without asking."""

OAUTH_2_1 = Profile(
    requires_pkce=True,
    allows_plain_pkce=False,
    requires_redirect_uri_at_token=False,
    response_types=("code",),
    refused_grant_types=frozenset({"implicit", "password"}),
)
"""OAuth 2.1: no implicit (1.3, 10.1) and no password grant, PKCE for everybody (4.1.1), which does what the second
redirect_uri was for (10.2)."""

FAPI_2_0 = Profile(
    allows_public_clients=False,
    requires_pkce=True,
    allows_plain_pkce=False,
    requires_pushed_requests=True,
    requires_sender_constraint=True,
    requires_https_redirects=True,
    rotates_refresh_tokens=False,
    code_lifetime=60,
    response_types=("code",),
    refused_grant_types=frozenset({"implicit", "password"}),
    authentication_methods=("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"),
    is_strict_with_assertions=True,
    signing_algorithms=json_web_tokens.FAPI_ALGORITHMS,
    dpop_algorithms=json_web_tokens.FAPI_ALGORITHMS,
)
"""FAPI 2.0 Security Profile 5.3.2 and 5.4."""

FAPI_2_0_MESSAGE_SIGNING = Profile(
    **(vars(FAPI_2_0) | {"requires_signed_requests": True, "requires_signed_responses": True})
)
"""FAPI 2.0 Message Signing 5.3 and 5.4."""

PROFILES: dict[str, Profile] = {
    "baseline": BASELINE,
    "oauth-2.1": OAUTH_2_1,
    "fapi-2.0": FAPI_2_0,
    "fapi-2.0-message-signing": FAPI_2_0_MESSAGE_SIGNING,
}


def of(client: Client) -> Profile:
    return PROFILES[client.registered("security_profile")]


def requires_pkce(client: Client) -> bool:
    """RFC 9700 2.1.1: public clients MUST use PKCE."""
    return client.is_public or client.require_pkce or of(client).requires_pkce


def allows_plain_pkce(client: Client) -> bool:
    """RFC 7636 7.2: `plain` is for clients that cannot do better: whoever sees the request sees the verifier."""
    allowed = bool(client.registered("allow_plain_code_challenge"))
    return allowed and not client.is_public and of(client).allows_plain_pkce


def requires_pushed_requests(client: Client) -> bool:
    """RFC 9126 5 and 6: of every client, or of this one."""
    asked = settings.REQUIRE_PUSHED_AUTHORIZATION_REQUESTS or client.registered("require_pushed_authorization_requests")
    return bool(asked) or of(client).requires_pushed_requests


def requires_signed_requests(client: Client) -> bool:
    """RFC 9101 10.5; a client with an algorithm for its request objects has promised to send them."""
    return bool(client.registered("require_signed_request_object")) or of(client).requires_signed_requests


def requires_sender_constraint(client: Client) -> bool:
    """FAPI 2.0 Security Profile 5.3.2.1: "shall only issue sender-constrained access tokens"."""
    return of(client).requires_sender_constraint


def request_object_algorithms(client: Client) -> Collection[str]:
    """OpenID Connect Registration 1.0 2: signed with another than the registered one it "MUST be rejected"."""
    registered = client.registered("request_object_signing_alg")
    return json_web_tokens.chosen(of(client).signing_algorithms, registered)


def code_lifetime(client: Client) -> int:
    """Seconds; FAPI 2.0 Security Profile 5.3.2.1: "maximum lifetime of 60 seconds"."""
    return min(settings.AUTHORIZATION_CODE_LIFETIME, of(client).code_lifetime or settings.AUTHORIZATION_CODE_LIFETIME)


def signing_algorithm(client: Client, registered: str) -> str:
    """What signs for a client that has registered this algorithm. Under FAPI 2.0 (Security Profile 5.4.1) RS256 signs
    nothing, not for a client either that came before its profile, or has named none."""
    return registered if registered in of(client).signing_algorithms else "ES256"


def check_client(client: Client) -> None:
    """FAPI 2.0 Security Profile 5.3.2.1: "shall only support confidential clients"."""
    if client.is_public and not of(client).allows_public_clients:
        raise errors.UnauthorizedClient("The profile of this application is for confidential clients.")


def check_response_type(client: Client, response_type: str) -> None:
    allowed = of(client).response_types
    if allowed is not None and response_type not in allowed:
        raise errors.UnauthorizedClient("The profile of this application does not allow this response_type.")


def check_redirect_uri(client: Client, redirect_uri: str) -> None:
    """FAPI 2.0 Security Profile 5.3.2.2: "shall require the redirect URIs to use the https scheme"."""
    if of(client).requires_https_redirects and not redirect_uri.startswith("https://"):
        raise errors.InvalidRequest("The profile of this application allows https redirect URIs only.")


def check_grant_type(client: Client, grant_type: str) -> None:
    """OAuth 2.1 and FAPI 2.0 have no password grant."""
    check_client(client)
    if grant_type in of(client).refused_grant_types:
        raise errors.UnauthorizedClient("The profile of this application does not allow this grant type.")


def check_confirmation(client: Client, confirmation: Mapping[str, str]) -> None:
    """That the caller has shown the key its tokens will be bound to; before anything is used up."""
    if requires_sender_constraint(client) and not confirmation:
        raise errors.InvalidRequest("The profile of this application binds tokens to a key: use DPoP or a certificate.")


def check_authentication(client: Client, method: str) -> None:
    """FAPI 2.0 Security Profile 5.3.2.1: mutual TLS or `private_key_jwt`; `method` as RFC 7591 2 names it."""
    allowed = of(client).authentication_methods
    if allowed is not None and method not in allowed:
        raise errors.InvalidClient(detail=f"{method} under the profile {client.registered('security_profile')}")
