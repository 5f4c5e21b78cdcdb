"""Authorization requests as signed objects (RFC 9101): whose they are, for whom, how old, and what they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import Any

from django.conf import settings

from keymanager import errors, json_web_tokens, profiles, scopes
from keymanager.models import Client

# RFC 9101 10.8: a JWT of another kind must not be taken for a request; many clients write JWT or nothing.
TYPES = ("oauth-authz-req+jwt", "jwt", "")
# What the object says of itself; the rest are the parameters.
OF_THE_OBJECT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
# FAPI 2.0 Message Signing 5.3.1: nbf "no longer than 60 minutes in the past", exp "no longer than 60 minutes after".
LONGEST_SECONDS = 3600


def parameters_of(client: Client, received: dict[str, str]) -> dict[str, str]:
    """The parameters inside of `received["request"]`.

    RFC 9101 5: the server "MUST only use the parameters in the Request Object, even if the same parameter is provided
    in the query parameter"; what stands outside only is ignored.
    """
    claims = verified(client, received["request"])
    check_parties(client, claims)
    check_age(client, claims)
    check_outside(claims, received)
    parameters = {name: text(name, value) for name, value in claims.items() if name not in OF_THE_OBJECT}
    if any("\x00" in part for pair in parameters.items() for part in pair):
        raise errors.InvalidRequestObject("The request object holds a character that is not allowed.", detail="NUL")
    return {name: value for name, value in parameters.items() if value}


def verified(client: Client, token: str) -> dict[str, Any]:
    """The claims, once their signature is this client's (RFC 9101 6.2 and 6.3)."""
    if token.count(".") == 4:
        raise errors.InvalidRequestObject("Encrypted request objects are not supported.")
    with refusing("The request object is not a JWT of a kind and with an algorithm that is allowed."):
        unverified = json_web_tokens.read(token)
        algorithms = profiles.request_object_algorithms(client)
        json_web_tokens.check_header(unverified.header, TYPES, algorithms)
    with refusing("The signature of the request object is not this application's."):
        json_web_tokens.check_signature(unverified, client)
    with refusing("The request object has expired, or is from the future."):
        json_web_tokens.check_times(unverified.claims, None)
    return unverified.claims


@contextmanager
def refusing(description: str) -> Iterator[None]:
    """The fault of a token as this protocol's error; the reason goes to the log."""
    try:
        yield
    except json_web_tokens.Refused as fault:
        raise errors.InvalidRequestObject(description, detail=str(fault)) from fault


def check_parties(client: Client, claims: dict[str, Any]) -> None:
    """RFC 9101 4 and 5: from this client, for this server, and in itself no pointer to another request. That it says so
    by `iss` and `aud` is a SHOULD there, and a must for clients under a strict profile."""
    unsaid = {} if profiles.of(client).is_strict_with_assertions else {"iss": client.client_id, "aud": settings.ISSUER}
    said = unsaid | claims
    audience = said.get("aud")
    if said.get("iss") != client.client_id or said.get("client_id") != client.client_id:
        raise errors.InvalidRequestObject("iss and client_id of the request object must be the client_id.")
    if settings.ISSUER not in (audience if isinstance(audience, list) else [audience]):
        raise errors.InvalidRequestObject("aud of the request object must be the issuer of this server.")
    # RFC 9101 10.8: it may be a client assertion.
    if claims.get("sub") == client.client_id:
        raise errors.InvalidRequestObject("sub of the request object must not be the client_id.")
    if "request" in claims or "request_uri" in claims:
        raise errors.InvalidRequestObject("A request object must not hold request or request_uri.")


def check_age(client: Client, claims: dict[str, Any]) -> None:
    """FAPI 2.0 Message Signing 5.3.1, for clients under such a profile."""
    if not profiles.of(client).is_strict_with_assertions:
        return
    if "exp" not in claims or "nbf" not in claims:
        raise errors.InvalidRequestObject("The request object needs exp and nbf.")
    is_old = claims["nbf"] < time() - LONGEST_SECONDS
    if is_old or claims["exp"] - claims["nbf"] > LONGEST_SECONDS:
        raise errors.InvalidRequestObject("The request object is older than an hour, or lives longer than one.")


def check_outside(claims: dict[str, Any], received: dict[str, str]) -> None:
    """OpenID Connect Core 6.1: "The values for the response_type and client_id parameters … MUST match"."""
    outside, inside = received.get("response_type"), claims.get("response_type")
    if outside is None or scopes.OPENID not in str(claims.get("scope")).split():
        return
    if not isinstance(inside, str) or set(outside.split()) != set(inside.split()):
        raise errors.InvalidRequestObject("response_type differs inside and outside of the request object.")


def text(name: str, value: Any) -> str:
    """RFC 9101 4: strings as they are, numbers and structures as JSON; several resources (RFC 8707 2) by spaces."""
    if isinstance(value, str):
        return value
    if name == "resource" and isinstance(value, list):
        return " ".join(str(uri) for uri in value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)
