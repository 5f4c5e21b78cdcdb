"""private_key_jwt: RFC 7523 2.2 and 3, OpenID Connect Core 9, FAPI 2.0 Security Profile 5.3.2.1."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from keymanager import assertion_uses, errors, http_uris, json_web_tokens, profiles
from keymanager.client_authentication.base import Method, named
from keymanager.json_web_tokens import Refused, is_for, is_only_for, text
from keymanager.models import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# RFC 7523 3: one with an `exp` "that is unreasonably far in the future" may be refused. OpenID Connect Core 9 asks for
# one made for the call; an hour is what the longest of the usual libraries set.
LONGEST = 3600
# OpenID Connect Core 9 names none; draft-ietf-oauth-rfc7523bis has one of its own.
TYPES = ("", "jwt", "client-authentication+jwt")


def is_presented(request: HttpRequest, parameters: dict[str, str]) -> bool:
    return "client_assertion" in parameters or "client_assertion_type" in parameters


def client(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """RFC 7521 4.2: both parameters are REQUIRED; an assertion that is not good is invalid_client (4.2.1)."""
    for name in ("client_assertion", "client_assertion_type"):
        if name not in parameters:
            raise errors.InvalidRequest(f"Missing parameter: {name}")
    if parameters["client_assertion_type"] != ASSERTION_TYPE:
        raise errors.InvalidClient(detail=f"client_assertion_type {parameters['client_assertion_type'][:100]!r}")
    try:
        return proven(request, parameters)
    except Refused as fault:
        raise errors.InvalidClient(detail=f"client assertion: {fault}") from None


def proven(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """RFC 7523 3: `iss` and `sub` are both the client's identifier; RFC 7521 4.2: so is `client_id` if it is sent."""
    unverified = json_web_tokens.read(parameters["client_assertion"])
    client_id = text(unverified.claims, "sub")
    if text(unverified.claims, "iss") != client_id or parameters.get("client_id", client_id) != client_id:
        raise Refused("iss, sub and client_id are not the same")
    client = named(client_id)
    claims = json_web_tokens.verified(
        unverified.token,
        client,
        types=TYPES,
        algorithms=algorithms(client),
        audience=audience(request, client),
        longest=LONGEST,
    )
    assertion_uses.use(claims, purpose="client authentication")
    return client


def claimed(assertion: str) -> str:
    """The client that an assertion says it is, unproven; empty when it cannot be read."""
    try:
        return text(json_web_tokens.read(assertion).claims, "sub")
    except Refused:
        return ""


def audience(request: HttpRequest, client: Client) -> Callable[[Any], bool]:
    """RFC 7523 3 names the token endpoint's URL, RFC 9126 2 the issuer and the called endpoint's.

    FAPI 2.0 Security Profile 5.3.2.1: "shall only accept its issuer identifier value as a string".
    """
    if profiles.of(client).is_strict_with_assertions:
        return is_only_for(settings.ISSUER)
    return is_for(settings.ISSUER, f"{settings.ISSUER}/oauth2/token", *http_uris.of(request))


def algorithms(client: Client) -> Collection[str]:
    """OpenID Connect Registration 1.0 2: signed with another than the registered one, requests "MUST be rejected"."""
    registered = client.registered("token_endpoint_auth_signing_alg")
    return json_web_tokens.chosen(profiles.of(client).signing_algorithms, registered)


METHOD = Method("private_key_jwt", is_presented, client)
