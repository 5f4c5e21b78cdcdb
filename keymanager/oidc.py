"""OpenID Connect: the ID token, and what is told about a person."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings

from accounts.models import User
from keymanager import signing, subjects
from keymanager.models import Authorization, Client

LIFETIME = 3600


def id_token(authorization: Authorization, *, nonce: str = "", access_token: str = "", code: str = "") -> str:
    """OpenID Connect Core 2."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": settings.ISSUER,
        "sub": subjects.of(authorization.user, authorization.client),
        "aud": authorization.client.client_id,
        "azp": authorization.client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "auth_time": int(authorization.auth_time.timestamp()),
    }
    if authorization.sid:
        claims["sid"] = authorization.sid
    if nonce:
        claims["nonce"] = nonce
    if access_token:
        claims["at_hash"] = half_hash(access_token)
    if code:
        claims["c_hash"] = half_hash(code)
    return signing.sign(claims, typ="JWT", algorithm=authorization.client.id_token_signed_response_alg)


def half_hash(value: str) -> str:
    """OpenID Connect Core 3.1.3.6: base64url of the left half of SHA-256, which both ES256 and RS256 have."""
    return urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def user_claims(user: User, client: Client, granted: frozenset[str]) -> dict[str, Any]:
    """OpenID Connect Core 5.4: what each scope tells about a person; what is not known is left out."""
    claims: dict[str, Any] = {"sub": subjects.of(user, client)}
    if "profile" in granted:
        claims |= {
            "preferred_username": user.get_username(),
            "name": user.get_full_name(),
            "given_name": user.first_name,
            "family_name": user.last_name,
        }
    if "email" in granted and user.email:
        claims |= {"email": user.email, "email_verified": is_verified(user)}
    return {name: value for name, value in claims.items() if value != ""}


def is_verified(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())
