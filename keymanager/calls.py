"""Calls to resources that a gateway asks us about: opaque tokens, and those that are bound to a key.

The answer is the token as a self-contained one, so that a gateway treats both kinds alike. What was found is remembered
for a moment, no longer than a revocation may take, by the checksum of the token and never by the token itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from keymanager import checksums, confirmations, errors, introspection, resource_access, signing, tokens
from keymanager.tokens import Bearer

# Gateways may remember for as long again (gateway/filters.py): together within the two seconds of a revocation.
REMEMBERED_SECONDS = 0.9
MOST = 10_000
# A gateway or a backend with a slow clock still takes it; who reads it there cannot keep it for long.
LIFETIME = 600


@dataclass(frozen=True)
class Held:
    """`claims` are those of the self-contained form."""

    bearer: Bearer
    claims: dict[str, Any]
    self_contained: str
    read_at: float


_held: dict[str, Held] = {}


def request_of(method: str, path: str, headers: Mapping[str, str]) -> HttpRequest:
    """The call as if it had come to us. `path` as it was sent, without the query."""
    request = HttpRequest()
    request.method, request.path = method, path
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return request


def check(request: HttpRequest) -> Held:
    """The access token of the call, also as a self-contained one, once its caller has proved to hold its key.

    NoToken, InvalidToken, InvalidRequest, InvalidDPoPProof. For whom it is, the gateway looks at (RFC 9068 4). One
    statement at most for a bearer token, and one more to remember a proof.
    """
    scheme, token = resource_access.presented(request)
    found = find(token)
    # RFC 9449 7.1: the scheme of a DPoP-bound token is for nothing else.
    if scheme == "dpop" and "jkt" not in found.bearer.confirmation:
        raise errors.InvalidToken("The access token is not bound to a DPoP key.")
    confirmations.check(found.bearer.confirmation, request, found.bearer.client, token)
    return found


def find(token: str) -> Held:
    name = checksums.checksum(token, checksums.ACCESS_TOKEN)
    held = _held.get(name)
    if held is not None and time.monotonic() - held.read_at < REMEMBERED_SECONDS:
        return held
    read_at = time.monotonic()
    bearer = tokens.find(token)
    if bearer is None:
        raise errors.InvalidToken(detail="unknown, expired or revoked")
    if len(_held) >= MOST:
        _held.clear()
    found = _held[name] = held_of(token, bearer, read_at)
    return found


def held_of(token: str, bearer: Bearer, read_at: float) -> Held:
    """The token itself when it is one. `cnf` stays: whoever gets to see it cannot use it without the key."""
    if token.count(".") == 2:
        return Held(bearer, bearer.claims, token, read_at)
    claims = self_contained(token, bearer)
    return Held(bearer, claims, signing.sign(claims, typ="at+jwt"), read_at)


def self_contained(token: str, bearer: Bearer) -> dict[str, Any]:
    """What an opaque token would say."""
    now = int(time.time())
    claims: dict[str, Any] = {
        **bearer.client.access_token_claims,
        **bearer.claims,
        "client_id": bearer.client.client_id,
        "key_type": bearer.client.key_type,
        "scope": bearer.scope,
        "iat": now,
        "exp": min(int(bearer.expires_at.timestamp()), now + LIFETIME),
        "jti": introspection.identifier(token),
    }
    if bearer.authorization_id is not None:
        claims["grant_id"] = str(bearer.authorization_id)
    return claims


def forget() -> None:
    _held.clear()
