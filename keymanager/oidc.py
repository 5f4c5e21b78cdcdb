"""OpenID Connect: the ID token, and what is told about a person."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

from django.conf import settings

from accounts.models import User
from keymanager import claims_requests, encryption, personal_claims, profiles, signing, subjects
from keymanager.models import Authorization, Client
from keymanager.tokens import ASKED_CLAIMS, Bearer

LIFETIME = 3600


def id_token(
    authorization: Authorization,
    *,
    nonce: str = "",
    access_token: str = "",
    code: str = "",
    is_alone: bool = False,
) -> str:
    """OpenID Connect Core 2. When it `is_alone`, without any access token, it tells what the scopes ask for (5.4)."""
    client = authorization.client
    now = int(time.time())
    names: dict[str, str | list[str]] = {
        "acr": authorization.acr,
        "amr": authorization.amr,
        "sid": authorization.sid,
        "nonce": nonce,
        "at_hash": half_hash(access_token) if access_token else "",
        "c_hash": half_hash(code) if code else "",
    }
    claims = personal(authorization, is_alone=is_alone) | {
        "iss": settings.ISSUER,
        "sub": subjects.of(authorization.user, client),
        "aud": client.client_id,
        "azp": client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "auth_time": int(authorization.auth_time.timestamp()),
        **{name: value for name, value in names.items() if value},
    }
    algorithm = profiles.signing_algorithm(client, client.id_token_signed_response_alg)
    signed = signing.sign(claims, typ="JWT", algorithm=algorithm)
    return encryption.for_client(client, signed)


def personal(authorization: Authorization, *, is_alone: bool) -> dict[str, Any]:
    """The claims asked for one by one in the ID token (5.5), and those of the scopes where nothing else tells them."""
    asked = authorization.claims.get("id_token", {})
    scoped = personal_claims.of_scopes(authorization.scope.split()) if is_alone else set()
    if not asked and not scoped:
        return {}
    known = personal_claims.values(authorization.user, scoped | set(asked))
    told = claims_requests.told(authorization.claims, "id_token", known)
    return {name: value for name, value in known.items() if name in scoped} | told


def half_hash(value: str) -> str:
    """OpenID Connect Core 3.1.3.6: base64url of the left half of SHA-256, which both ES256 and RS256 have."""
    return urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def user_claims(bearer: Bearer, user: User) -> dict[str, Any]:
    """OpenID Connect Core 5.3.2: what the scopes and the `claims` parameter ask for and is known; always the `sub`."""
    scoped = personal_claims.of_scopes(bearer.scopes)
    asked = asked_one_by_one(bearer)
    known = personal_claims.values(user, scoped | set(asked.get("userinfo", {})))
    told = claims_requests.told(asked, "userinfo", known)
    by_scope = {name: value for name, value in known.items() if name in scoped}
    return {"sub": subjects.of(user, bearer.client)} | by_scope | told


def asked_one_by_one(bearer: Bearer) -> claims_requests.Claims:
    if ASKED_CLAIMS not in bearer.claims or bearer.authorization_id is None:
        return {}
    row = Authorization.objects.filter(pk=bearer.authorization_id).values_list("claims", flat=True).first()
    return row or {}


def protected_user_claims(claims: dict[str, Any], client: Client) -> str:
    """OpenID Connect Core 5.3.2: signed, encrypted, or signed and then encrypted, as the client registered; empty when
    it asked for neither. Signed, it "SHOULD contain the Claims iss […] and aud"."""
    algorithm = client.registered("userinfo_signed_response_alg")
    members = claims | {"iss": settings.ISSUER, "aud": client.client_id, "iat": int(time.time())}
    if algorithm:
        signed = signing.sign(members, typ="JWT", algorithm=profiles.signing_algorithm(client, algorithm))
        return encryption.for_client(client, signed, what="userinfo")
    if client.registered("userinfo_encrypted_response_alg"):
        return encryption.for_client(client, json.dumps(members), what="userinfo", is_signed=False)
    return ""
