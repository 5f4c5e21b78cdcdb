"""Which key a caller holds, and whether it is the one that a token is bound to (RFC 7800 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest

from keymanager import dpop, errors, profiles
from keymanager.client_authentication import certificates
from keymanager.models import Client


def proved(request: HttpRequest, client: Client) -> dict[str, str]:
    """What a token that is issued now is to be bound to; empty for a bearer token.

    RFC 9449 5.2, of `dpop_bound_access_tokens`: "If the value is true, the authorization server MUST reject token
    requests from the client that do not contain the DPoP header."
    """
    key = dpop.bound_key(request, profiles.of(client).dpop_algorithms)
    if key is None and client.registered("dpop_bound_access_tokens"):
        # RFC 9449 5 has invalid_dpop_proof for a proof that is wrong; here something is missing (RFC 6749 5.2).
        raise errors.InvalidRequest("This application must send a DPoP header.", detail="dpop_bound_access_tokens")
    return ({} if key is None else {"jkt": key}) | certificates.confirmation(request, client)


def is_held(needed: Mapping[str, str], held: Mapping[str, str]) -> bool:
    """Whether every key that is needed was proved."""
    return all(held.get(method) == key for method, key in needed.items())


def dpop_key(request: HttpRequest, client: Client, access_token: str) -> str:
    """RFC 9449 7.1: with its own scheme, and a proof for this very token."""
    if not dpop.is_scheme(request):
        raise errors.InvalidToken(detail="a DPoP-bound token without the DPoP scheme")
    return dpop.proven_key(request, profiles.of(client).dpop_algorithms, access_token=access_token)


def certificate(request: HttpRequest, client: Client, access_token: str) -> str:
    """RFC 8705 3: the certificate that the caller presents, whichever token it sends."""
    return certificates.thumbprint(request)


AT_RESOURCES: dict[str, Callable[[HttpRequest, Client, str], str]] = {
    "jkt": dpop_key,
    certificates.CONFIRMATION: certificate,
}
"""How the holder of a key is known where a token is used, by the member of `cnf`; a method not here is never held."""


def check(needed: Mapping[str, str], request: HttpRequest, client: Client, access_token: str) -> None:
    """That whoever presents `access_token` of `client` holds the keys it is bound to."""
    for method, key in needed.items():
        if method not in AT_RESOURCES:
            raise errors.InvalidToken(detail=f"bound by {method}")
        if AT_RESOURCES[method](request, client, access_token) != key:
            raise errors.InvalidToken("Invalid key binding", detail=f"{method} of another key")
