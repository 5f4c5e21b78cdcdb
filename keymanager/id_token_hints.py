"""`id_token_hint`: an ID token of ours that names the person the client means (OpenID Connect Core 3.1.2.1)."""

from __future__ import annotations

from typing import Any

import jwt
from django.conf import settings

from keymanager import errors, signing
from keymanager.models import Client

WRONG = "The id_token_hint is not an ID token that was issued to this application."


def subject(client: Client, hint: str) -> str:
    """The `sub` of the hint. InvalidRequest for a token that is not ours, or not this client's.

    An old one will do: 3.1.2.1 speaks of an "ID Token previously issued […] as a hint about the End-User's current or
    past authenticated session".
    """
    claims = verified(hint)
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client.client_id not in audience:
        raise errors.InvalidRequest(WRONG, detail="another audience")
    return str(claims["sub"])


def verified(hint: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(hint)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in signing.ALGORITHMS or header.get("typ", "JWT") != "JWT" or not isinstance(kid, str):
            raise errors.InvalidRequest(WRONG, detail="not an ID token by its header")
        key = signing.keys(algorithm).public_keys.get(kid)
        if key is None:
            raise errors.InvalidRequest(WRONG, detail="unknown key")
        options: Any = {"require": ["sub", "aud", "iat"], "verify_exp": False, "verify_aud": False}
        claims: dict[str, Any] = jwt.decode(hint, key, algorithms=[algorithm], issuer=settings.ISSUER, options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise errors.InvalidRequest(WRONG, detail=str(error)) from None
    return claims
