"""Calls to resources that a gateway asks us about: opaque tokens, and those that are bound to a key.

The answer is the token as a self-contained one, so that a gateway treats both kinds alike. What was found is remembered
for a moment, no longer than a revocation may take, by the checksum of the token and never by the token itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jwt
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import timezone

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
    """`claims` are those of the self-contained form, `said` what they say beside their times; `kid`: who signed it;
    `is_as_sent`: that form is the token itself."""

    bearer: Bearer
    claims: dict[str, Any]
    said: dict[str, Any]
    self_contained: str
    kid: str
    read_at: float
    is_as_sent: bool = False


_held: dict[str, Held] = {}


class CallRequest(HttpRequest):
    """A call as if it had come to us: only its headers, and where to."""

    GET = POST = QueryDict()

    def __init__(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        self.method, self.path = method, path
        self.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


def request_of(method: str, path: str, headers: Mapping[str, str]) -> HttpRequest:
    """`path` as it was sent, without the query."""
    return CallRequest(method, path, headers)


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
    held, read_at = _held.get(name), time.monotonic()
    if held is not None and read_at - held.read_at < REMEMBERED_SECONDS:
        return held
    bearer = again(held) if held and held.is_as_sent else tokens.find(token)
    if bearer is None:
        _held.pop(name, None)
        raise errors.InvalidToken(detail="unknown, expired or revoked")
    if len(_held) >= MOST:
        _held.clear()
    found = _held[name] = held_of(token, bearer, read_at, held)
    return found


def again(held: Held) -> Bearer | None:
    """A self-contained token, whose signature needs no second look while its key is published."""
    if held.bearer.expires_at <= timezone.now() or held.kid not in signing.keys().public_keys:
        return None
    return tokens.usable(tokens.unrevoked(held.bearer.claims))


def held_of(token: str, bearer: Bearer, read_at: float, before: Held | None) -> Held:
    """The token itself when it is one that whoever bears it may use."""
    if token.count(".") == 2 and not bearer.confirmation:
        kid = before.kid if before else str(jwt.get_unverified_header(token).get("kid"))
        return Held(bearer, bearer.claims, {}, token, kid, read_at, is_as_sent=True)
    kid, said = signing.keys().kid, content(token, bearer)
    if before and (before.said, before.kid) == (said, kid) and before.claims["exp"] - time.time() > LIFETIME / 2:
        return replace(before, bearer=bearer, read_at=read_at)
    claims = said | times(bearer)
    return Held(bearer, claims, said, signing.sign(claims, typ="at+jwt"), kid, read_at)


def content(token: str, bearer: Bearer) -> dict[str, Any]:
    """What an opaque token would say, beside its times.

    Of one that is bound to a key a backend learns that the key was proved, which it cannot look at itself: `proved` in
    place of `cnf`. Such a token is no good to whoever sees it there: gateways and we take it from nobody.
    """
    claims: dict[str, Any] = {
        **bearer.client.access_token_claims,
        **{name: value for name, value in bearer.claims.items() if name != "cnf"},
        **({tokens.PROVED: bearer.confirmation} if bearer.confirmation else {}),
        "client_id": bearer.client.client_id,
        "key_type": bearer.client.key_type,
        "scope": bearer.scope,
        "jti": bearer.jti if token.count(".") == 2 else introspection.identifier(token),
    }
    if bearer.authorization_id is not None:
        claims["grant_id"] = str(bearer.authorization_id)
    return claims


def times(bearer: Bearer) -> dict[str, int]:
    now = int(time.time())
    return {"iat": now, "exp": min(int(bearer.expires_at.timestamp()), now + LIFETIME)}


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

    For gateways only: also of one that stands for a bound token, whose proof has been seen. One statement at most.
    Whether an application's own token was revoked, the gateway has looked at before it asks.
    """
    claims = tokens.signed_claims(token)
    if claims is None:
        raise errors.InvalidToken(detail="no live access token of ours")
    if "grant_id" not in claims:
        return claims, None
    bearer = tokens.usable(tokens.unrevoked(claims))
    if bearer is None:
        raise errors.InvalidToken(detail="revoked")
    return claims, bearer.user


def forget() -> None:
    _held.clear()
