"""Calls to resources that a gateway asks us about: opaque tokens, and those that are bound to a key.

The answer is the token as a self-contained one, so that a gateway treats both kinds alike. What was found is remembered
for a moment, no longer than a revocation may take, by the checksum of the token and never by the token itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from keymanager import checksums, confirmations, errors, introspection, resource_access, signing, tokens
from keymanager.tokens import Bearer

# Gateways may remember for as long again (gateway/filters.py): together within the two seconds of a revocation.
REMEMBERED_SECONDS = 0.9
MOST = 10_000
# A gateway or a backend with a slow clock still takes it; who reads it there cannot keep it for long.
LIFETIME = 600


@dataclass(frozen=True)
class Held:
    bearer: Bearer
    self_contained: str
    read_at: float


_held: dict[str, Held] = {}


def request_of(method: str, path: str, headers: Mapping[str, str]) -> HttpRequest:
    """The call as if it had come to us. `path` as it was sent, without the query."""
    request = HttpRequest()
    request.method, request.path = method, path
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return request


def check(request: HttpRequest) -> str:
    """The access token of the call as a self-contained one, once its caller has proved to hold the key it is bound to.

    NoToken, InvalidToken, InvalidRequest, InvalidDPoPProof. For whom it is, the gateway looks at (RFC 9068 4). One
    statement at most for a bearer token, and one more to remember a proof.
    """
    scheme, token = resource_access.presented(request)
    found = find(token)
    # RFC 9449 7.1: the scheme of a DPoP-bound token is for nothing else.
    if scheme == "dpop" and "jkt" not in found.bearer.confirmation:
        raise errors.InvalidToken("The access token is not bound to a DPoP key.")
    confirmations.check(found.bearer.confirmation, request, found.bearer.client, token)
    return found.self_contained


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
    found = _held[name] = Held(bearer, self_contained(token, bearer), read_at)
    return found


def self_contained(token: str, bearer: Bearer) -> str:
    """The token itself when it is one that whoever bears it may use.

    Of one that is bound to a key a backend learns that the key was proved, which it cannot look at itself: `proved` in
    place of `cnf`. Such a token is no good to whoever sees it there: gateways and we take it from nobody.
    """
    is_self_contained = token.count(".") == 2
    if is_self_contained and not bearer.confirmation:
        return token
    now = int(time.time())
    claims: dict[str, Any] = {
        **bearer.client.access_token_claims,
        **{name: value for name, value in bearer.claims.items() if name != "cnf"},
        **({tokens.PROVED: bearer.confirmation} if bearer.confirmation else {}),
        "client_id": bearer.client.client_id,
        "key_type": bearer.client.key_type,
        "scope": bearer.scope,
        "iat": now,
        "exp": min(int(bearer.expires_at.timestamp()), now + LIFETIME),
        "jti": bearer.jti if is_self_contained else introspection.identifier(token),
    }
    if bearer.authorization_id is not None:
        claims["grant_id"] = str(bearer.authorization_id)
    return signing.sign(claims, typ="at+jwt")


def token_of_api_key(subject: str, *, key_type: str, scope: str, claims: Mapping[str, Any]) -> str:
    """An access token in place of an API key, with `claims` of its application (RFC 9068 2.2). No client has it, so the
    key manager's own endpoints do not know it; `api_key` tells gateways that it is none that a caller may send."""
    now = int(time.time())
    told: dict[str, Any] = {
        **claims,
        "iss": settings.ISSUER,
        "aud": settings.ACCESS_TOKEN_AUDIENCE,
        "sub": subject,
        "client_id": subject,
        "api_key": subject,
        "key_type": key_type,
        "scope": scope,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": subject,
    }
    return signing.sign(told, typ="at+jwt")


def caller(token: str) -> tuple[dict[str, Any], User | None]:
    """What a self-contained access token says, and the person who agreed to it, if one did. InvalidToken.

    One statement at most. Whether an application's own token was revoked, the gateway has looked at before it asks.
    """
    claims = tokens.verified_claims(token)
    if claims is None:
        raise errors.InvalidToken(detail="no live access token of ours")
    if "grant_id" not in claims:
        return claims, None
    bearer = tokens.find(token)
    if bearer is None:
        raise errors.InvalidToken(detail="revoked")
    return claims, bearer.user


def forget() -> None:
    _held.clear()
