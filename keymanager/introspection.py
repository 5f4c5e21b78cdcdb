"""What a token is, told to the one it was issued to and to the one it is meant for: RFC 7662, signed by RFC 9701."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from keymanager import checksums, errors, profiles, signing, subjects, tokens
from keymanager.models import Client, RefreshToken

MEDIA_TYPE = "application/token-introspection+jwt"
INACTIVE: dict[str, Any] = {"active": False}
# Names a token that has no `jti` of its own, and says nothing of the checksum it is kept by.
IDENTIFIER = "token identifier"
CLAIMS = ("iss", "sub", "aud", "iat", "nbf", "exp", "jti", "cnf", "act", "authorization_details")


class LiveToken(NamedTuple):
    """A token that can be used now, whose it is, and what may be told of it (RFC 7662 2.2)."""

    client: Client
    is_for_resources: bool
    members: dict[str, Any]


def introspect(client: Client, parameters: dict[str, str]) -> dict[str, Any]:
    """RFC 7662 2.2. Whatever the reason, a token that may not be read is inactive, and nothing more is said.

    2.1: the endpoint "MUST also require some form of authorization", which a public client, naming itself, has not.
    """
    if client.is_public:
        raise errors.InvalidClient(detail="introspection by a public client")
    if "token" not in parameters:
        raise errors.InvalidRequest("Missing token parameter value")
    token = find(parameters["token"], hint=parameters.get("token_type_hint", ""))
    return token.members if token and may_read(client, token) else INACTIVE


def may_read(client: Client, token: LiveToken) -> bool:
    """RFC 7662 4. A refresh token is never meant for a resource (RFC 6749 1.5), so no resource server reads it."""
    if token.client.pk == client.pk:
        return True
    return token.is_for_resources and (client.is_resource_server or is_meant_for(client, token.members["aud"]))


def is_meant_for(client: Client, audience: str | list[str]) -> bool:
    """Whether one of the resources that the token is for is this client's (RFC 8707)."""
    return client.resources.filter(uri__in=[audience] if isinstance(audience, str) else audience).exists()


def find(token: str, *, hint: str) -> LiveToken | None:
    """RFC 7662 2.1: the hint says where to look first, and "MUST extend its search" when it was wrong."""
    look_ups: list[Callable[[str], LiveToken | None]] = [access_token, refresh_token]
    if "." in token:  # Only a self-contained one has dots.
        look_ups = [access_token]
    elif hint == "refresh_token":
        look_ups.reverse()
    return next((found for look_up in look_ups if (found := look_up(token))), None)


def access_token(token: str) -> LiveToken | None:
    bearer = tokens.find(token)
    if bearer is None:
        return None
    members = {"active": True, "token_type": bearer.token_type, "scope": bearer.scope}
    members |= {"client_id": bearer.client.client_id, "jti": identifier(token)}
    members |= {name: bearer.claims[name] for name in CLAIMS if name in bearer.claims}
    if bearer.user is not None:
        members["username"] = bearer.user.get_username()
    return LiveToken(client=bearer.client, is_for_resources=True, members=members)


def refresh_token(token: str) -> LiveToken | None:
    """One that can still be used. It has no `token_type`, so that nobody takes it for an access token."""
    row = (
        RefreshToken.objects.select_related("application__user", "user")
        .filter(
            token_checksum=checksums.checksum(token, checksums.REFRESH_TOKEN),
            expires_at__gt=timezone.now(),
            consumed_at=None,
            revoked=None,
            authorization__revoked_at=None,
            user__is_active=True,
        )
        .first()
    )
    if row is None or row.application.is_blocked:
        return None
    return LiveToken(client=row.application, is_for_resources=False, members=members_of(row, token))


def members_of(row: RefreshToken, token: str) -> dict[str, Any]:
    return {
        "active": True,
        "scope": row.scope,
        "client_id": row.application.client_id,
        "username": row.user.get_username(),
        "iss": settings.ISSUER,
        "sub": subjects.of(row.user, row.application),
        "aud": settings.ISSUER,
        "iat": int(row.created.timestamp()),
        "exp": int(row.expires_at.timestamp()),
        "jti": identifier(token),
    }


def identifier(token: str) -> str:
    return checksums.checksum(token, IDENTIFIER)[:32]


def is_jwt_asked(request: HttpRequest) -> bool:
    """RFC 9701 4. JSON when both are as welcome, and when neither is."""
    if request.META.get("HTTP_ACCEPT", "*/*") in {"*/*", "application/json"}:
        return False  # what nearly all say, without weighing it
    return request.get_preferred_type(["application/json", MEDIA_TYPE]) == MEDIA_TYPE


def signed(client: Client, members: dict[str, Any]) -> str:
    """RFC 9701 5: for this caller only; no `sub` and no `exp` outside, so that nobody takes it for a token."""
    claims = {
        "iss": settings.ISSUER,
        "aud": client.client_id,
        "iat": int(time.time()),
        "token_introspection": members,
    }
    algorithm = profiles.signing_algorithm(client, client.registered("introspection_signed_response_alg"))
    return signing.sign(claims, typ="token-introspection+jwt", algorithm=algorithm)
