"""Access and refresh tokens: made, found again, revoked."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.db.models import Exists, Q
from django.utils import timezone

from accounts.models import User
from keymanager import checksums, signing
from keymanager.models import AccessToken, Authorization, Client, RefreshToken, RevokedToken, TokenFormat


@dataclass(frozen=True, kw_only=True)
class Bearer:
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


def for_authorization(authorization: Authorization, *, scope: str | None = None) -> dict[str, Any]:
    """The token answer for what a person authorized, or for the narrower `scope` of it."""
    scope = authorization.scope if scope is None else scope
    token, expires_in = issue_access_token(
        client=authorization.client, scope=scope, authorization=authorization, user=authorization.user
    )
    return answer(token, expires_in=expires_in, scope=scope, refresh_token=issue_refresh_token(authorization))


def answer(token: str, *, expires_in: int, scope: str, refresh_token: str | None = None) -> dict[str, Any]:
    """RFC 6749 5.1."""
    members = {"scope": scope, "token_type": "Bearer", "expires_in": expires_in}
    if refresh_token is not None:
        members["refresh_token"] = refresh_token
    return members | {"access_token": token}


def issue_access_token(
    *,
    client: Client,
    scope: str,
    authorization: Authorization | None = None,
    user: User | None = None,
    lifetime: int | None = None,
) -> tuple[str, int]:
    """The token and its lifetime in seconds, in the client's format."""
    lifetime = lifetime or client.access_token_lifetime
    if client.access_token_format == TokenFormat.JWT:
        return self_contained(client, scope, authorization, user, lifetime), lifetime
    token = checksums.random_value()
    AccessToken.objects.create(
        token_checksum=checksums.checksum(token, checksums.ACCESS_TOKEN),
        user=user,
        application=client,
        authorization=authorization,
        expires=timezone.now() + timedelta(seconds=lifetime),
        scope=scope,
    )
    return token, lifetime


def self_contained(
    client: Client, scope: str, authorization: Authorization | None, user: User | None, lifetime: int
) -> str:
    """RFC 9068 2.2. `sub` is the client's own identifier when no person is involved."""
    now = int(time.time())
    claims: dict[str, Any] = client.access_token_claims | {
        "iss": settings.ISSUER,
        "aud": settings.ACCESS_TOKEN_AUDIENCE,
        "sub": str(user.subject) if user else client.client_id,
        "client_id": client.client_id,
        "key_type": client.key_type,
        "scope": scope,
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_urlsafe(16),
    }
    if authorization is not None:
        claims["grant_id"] = str(authorization.pk)
    return signing.sign(claims, typ="at+jwt")


def issue_refresh_token(authorization: Authorization) -> str | None:
    """A refresh token for all that was authorized; None when the client's key set does not have that grant type."""
    if not authorization.client.has_grant_type("refresh_token"):
        return None
    token = checksums.random_value()
    RefreshToken.objects.create(
        token_checksum=checksums.checksum(token, checksums.REFRESH_TOKEN),
        user_id=authorization.user_id,
        application_id=authorization.client_id,
        authorization=authorization,
        scope=authorization.scope,
        expires_at=timezone.now() + timedelta(seconds=settings.REFRESH_TOKEN_LIFETIME),
    )
    return token


def find(token: str) -> Bearer | None:
    """The live access token that `token` is, or None: unknown, expired, revoked, or its client blocked."""
    bearer = find_self_contained(token) if token.count(".") == 2 else find_opaque(token)
    return (
        bearer if bearer and bearer.client.blocked_at is None and (not bearer.user or bearer.user.is_active) else None
    )


def find_opaque(token: str) -> Bearer | None:
    row = (
        AccessToken.objects.select_related("application", "user")
        .filter(
            Q(authorization=None) | Q(authorization__revoked_at=None),
            token_checksum=checksums.checksum(token, checksums.ACCESS_TOKEN),
            expires__gt=timezone.now(),
        )
        .first()
    )
    if row is None or not isinstance(row.application, Client):
        return None
    return Bearer(
        client=row.application,
        user=row.user,
        scope=row.scope,
        authorization_id=row.authorization_id,
        jti=str(row.pk),
        expires_at=row.expires,
        claims={
            "iss": settings.ISSUER,
            "aud": settings.ACCESS_TOKEN_AUDIENCE,
            "sub": str(row.user.subject) if row.user else row.application.client_id,
            "iat": int(row.created.timestamp()),
            "exp": int(row.expires.timestamp()),
        },
    )


def find_self_contained(token: str) -> Bearer | None:
    """RFC 9068 4, then what only the database knows, in one statement: whether it or its authorization was revoked."""
    claims = verified_claims(token)
    if claims is None:
        return None
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
    row = Authorization.objects.select_related("client", "user").filter(pk=grant_id, revoked_at=None).first()
    return (row.client, row.user) if row else (None, None)


def unrevoked_client(claims: dict[str, Any]) -> Client | None:
    """The client of an application token, which no authorization stands behind and which is revoked by its id."""
    revoked = RevokedToken.objects.filter(jti=claims["jti"])
    return Client.objects.filter(~Exists(revoked), client_id=claims["client_id"]).first()


def verified_claims(token: str) -> dict[str, Any] | None:
    """The claims of a token that this key manager signed and that has not expired; None for any other text."""
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
            audience=settings.ACCESS_TOKEN_AUDIENCE,
            issuer=settings.ISSUER,
            options={"require": ["exp", "iat", "jti", "sub", "client_id", "scope"]},
        )
    except jwt.PyJWTError:
        return None
    return claims
