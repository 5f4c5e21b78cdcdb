"""Access and refresh tokens: made, found again, revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from django.conf import settings
from django.db.models import CharField, DateTimeField, Q, UUIDField
from django.utils import timezone

from accounts.models import User
from accounts.prepared import Argument, Insert, Select
from keymanager import checksums, client_cache, signing, subjects
from keymanager.authorizations import UNREAD, UNREAD_OF_PERSON
from keymanager.models import AccessToken, Authorization, Client, RefreshToken, RevokedToken, TokenFormat

ASKED_CLAIMS = "userinfo_claims"
# The key that the caller of a gateway has proved to hold; what a backend is told of it is no token of the caller's.
PROVED = "proved"
STORE_ACCESS_TOKEN = Insert(AccessToken)
STORE_REFRESH_TOKEN = Insert(RefreshToken)
LIVE_ACCESS_TOKEN = Select(
    lambda: (
        AccessToken.objects.select_related("user")
        .defer("resource", "updated", *UNREAD_OF_PERSON)
        .filter(
            Q(authorization=None) | Q(authorization__revoked_at=None),
            token_checksum=Argument("checksum", CharField()),
            expires__gt=Argument("now", DateTimeField()),
        )
    )
)
LIVE_AUTHORIZATION = Select(
    lambda: (
        Authorization.objects.select_related("user")
        .defer(*UNREAD)
        .filter(pk=Argument("pk", UUIDField()), revoked_at=None)
    )
)
REVOKED_TOKEN = Select(lambda: RevokedToken.objects.filter(jti=Argument("jti", CharField())))


def token_type(confirmation: Mapping[str, str]) -> str:
    """RFC 9449 5: a token that is bound to a DPoP key says so by its type."""
    return "DPoP" if "jkt" in confirmation else "Bearer"


class Bearer(NamedTuple):
    """A live access token as a resource sees it. `user` is None when it stands for the client itself.

    `claims` is what a self-contained one says, or what an opaque one would say (RFC 9068 2.2).
    """

    client: Client
    user: User | None
    scope: str
    authorization_id: UUID | None
    jti: str
    expires_at: datetime
    claims: dict[str, Any]

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def token_type(self) -> str:
        return token_type(self.confirmation)

    @property
    def confirmation(self) -> dict[str, str]:
        """RFC 7800 3.1: the key whose holder alone may use it; empty when whoever bears it may."""
        return dict(self.claims.get("cnf", {}))


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an access token is to say. Without a user it stands for the client itself.

    `lifetime` in seconds, the client's own when None; `audience` the resources it is for (RFC 8707 2), the gateway when
    none is named; `confirmation` the key it is bound to (RFC 7800 3.1); `extra` further claims, such as `act`
    (RFC 8693 4.1) or `authorization_details` (RFC 9396 9.1).
    """

    client: Client
    scope: str
    user: User | None = None
    authorization: Authorization | None = None
    lifetime: int | None = None
    audience: Sequence[str] = ()
    confirmation: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        return self.lifetime or self.client.access_token_lifetime

    @property
    def token_type(self) -> str:
        return token_type(self.confirmation)

    def claims(self) -> dict[str, Any]:
        """What the token says beyond its scope, its client and its lifetime."""
        audience = list(self.audience)
        claims: dict[str, Any] = {
            **self.extra,
            "iss": settings.ISSUER,
            "aud": (audience[0] if len(audience) == 1 else audience) or settings.ACCESS_TOKEN_AUDIENCE,
            "sub": subjects.of(self.user, self.client) if self.user else self.client.client_id,
        }
        if self.confirmation:
            claims["cnf"] = dict(self.confirmation)
        return claims


def for_authorization(authorization: Authorization, content: Content) -> dict[str, Any]:
    """The token answer: an access token of that content, and a refresh token for all that was authorized."""
    token = issue_access_token(content)
    return answer(token, content, refresh_token=issue_refresh_token(authorization, content.confirmation))


def content_of(authorization: Authorization, **narrower: Any) -> Content:
    """All that a person authorized; `narrower` are other values for fields of Content."""
    details = narrower.pop("authorization_details", authorization.authorization_details)
    whole: dict[str, Any] = {
        "scope": authorization.scope,
        "audience": authorization.resources,
        "extra": ({"authorization_details": details} if details else {}) | asked_claims(authorization),
    }
    return Content(
        client=authorization.client, user=authorization.user, authorization=authorization, **(whole | narrower)
    )


def asked_claims(authorization: Authorization) -> dict[str, bool]:
    """That userinfo has to look up which claims were asked for one by one (OpenID Connect Core 5.5); most tokens are
    spared that."""
    return {ASKED_CLAIMS: True} if authorization.claims.get("userinfo") else {}


def answer(token: str, content: Content, *, refresh_token: str | None = None) -> dict[str, Any]:
    """RFC 6749 5.1; RFC 9396 7 for the details."""
    members: dict[str, Any] = {
        "scope": content.scope,
        "token_type": content.token_type,
        "expires_in": content.seconds,
    }
    if "authorization_details" in content.extra:
        members["authorization_details"] = content.extra["authorization_details"]
    if refresh_token is not None:
        members["refresh_token"] = refresh_token
    return members | {"access_token": token}


def issue_access_token(content: Content) -> str:
    """The token, in its client's format."""
    if content.client.access_token_format == TokenFormat.JWT:
        return self_contained(content)
    token = checksums.random_value()
    STORE_ACCESS_TOKEN(
        token_checksum=checksums.checksum(token, checksums.ACCESS_TOKEN),
        user_id=content.user.pk if content.user else None,
        application_id=content.client.pk,
        authorization_id=content.authorization.pk if content.authorization else None,
        expires=timezone.now() + timedelta(seconds=content.seconds),
        scope=content.scope,
        claims=content.claims(),
    )
    return token


def self_contained(content: Content) -> str:
    """RFC 9068 2.2. `sub` is the client's own identifier when no person is involved."""
    now = int(time.time())
    claims: dict[str, Any] = {
        **content.client.access_token_claims,
        **content.claims(),
        "client_id": content.client.client_id,
        "key_type": content.client.key_type,
        "scope": content.scope,
        "iat": now,
        "exp": now + content.seconds,
        "jti": secrets.token_urlsafe(16),
    }
    if content.authorization is not None:
        claims["grant_id"] = str(content.authorization.pk)
    return signing.sign(claims, typ="at+jwt")


def issue_refresh_token(authorization: Authorization, confirmation: Mapping[str, str]) -> str | None:
    """A refresh token for all that was authorized; None when the client's key set does not have that grant type.

    RFC 9449 5: "Refresh tokens issued to confidential clients … are not bound to the DPoP proof public key because they
    are already sender-constrained with a different existing mechanism."
    """
    if not authorization.client.has_grant_type("refresh_token"):
        return None
    token = checksums.random_value()
    STORE_REFRESH_TOKEN(
        token_checksum=checksums.checksum(token, checksums.REFRESH_TOKEN),
        user_id=authorization.user_id,
        application_id=authorization.client_id,
        authorization_id=authorization.pk,
        scope=authorization.scope,
        confirmation=dict(confirmation) if authorization.client.is_public else {},
        expires_at=timezone.now() + timedelta(seconds=settings.REFRESH_TOKEN_LIFETIME),
    )
    return token


def find(token: str) -> Bearer | None:
    """The live access token that `token` is, or None: unknown, expired, revoked, or its client blocked."""
    return usable(find_self_contained(token) if token.count(".") == 2 else find_opaque(token))


def usable(bearer: Bearer | None) -> Bearer | None:
    return bearer if bearer and not bearer.client.is_blocked and (not bearer.user or bearer.user.is_active) else None


def find_opaque(token: str) -> Bearer | None:
    checksum = checksums.checksum(token, checksums.ACCESS_TOKEN)
    row = LIVE_ACCESS_TOKEN.first(checksum=checksum, now=timezone.now())
    known = client_cache.find_by_key(row.application_id) if row and row.application_id else None
    if row is None or known is None:
        return None
    return Bearer(
        client=known.client,
        user=row.user,
        scope=row.scope,
        authorization_id=row.authorization_id,
        jti=str(row.pk),
        expires_at=row.expires,
        claims=row.claims
        | {
            "iat": int(row.created.timestamp()),
            "exp": int(row.expires.timestamp()),
        },
    )


def find_self_contained(token: str) -> Bearer | None:
    """RFC 9068 4, then what only the database knows, in one statement: whether it or its authorization was revoked."""
    claims = verified_claims(token)
    return None if claims is None else unrevoked(claims)


def unrevoked(claims: dict[str, Any]) -> Bearer | None:
    """Of a token whose signature was verified."""
    grant_id = claims.get("grant_id")
    client, user = authorized_by(grant_id) if grant_id else (unrevoked_client(claims), None)
    if client is None:
        return None
    return Bearer(
        client=client,
        user=user,
        scope=claims["scope"],
        authorization_id=UUID(grant_id) if grant_id else None,
        jti=claims["jti"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        claims=claims,
    )


def authorized_by(grant_id: str) -> tuple[Client | None, User | None]:
    """Client and person of a live authorization. Revoking such a token revokes the authorization (revocation.py)."""
    row = LIVE_AUTHORIZATION.first(pk=grant_id)
    known = client_cache.find_by_key(row.client_id) if row else None
    return (known.client, row.user) if row and known else (None, None)


def unrevoked_client(claims: dict[str, Any]) -> Client | None:
    """The client of an application token, which no authorization stands behind and which is revoked by its id."""
    if REVOKED_TOKEN.first(jti=claims["jti"]):
        return None
    known = client_cache.find(claims["client_id"])
    return known.client if known else None


def verified_claims(token: str) -> dict[str, Any] | None:
    """The claims of a token that this key manager signed for whoever bears it and that has not expired; or None."""
    claims = signed_claims(token)
    return None if claims is None or PROVED in claims else claims


def signed_claims(token: str) -> dict[str, Any] | None:
    """Also of one that a gateway was told in place of a bound token: for those only who ask for a gateway."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt":
            return None
        key = signing.keys().public_keys.get(header.get("kid", ""))
        if key is None:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[signing.ALGORITHM],
            issuer=settings.ISSUER,
            # For whom it is, is for the one who reads it to look at (RFC 9068 4); here it is only known again.
            options={"require": ["exp", "iat", "jti", "sub", "client_id", "scope"], "verify_aud": False},
        )
    except jwt.PyJWTError:
        return None
    return claims
