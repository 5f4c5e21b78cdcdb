"""An ID token that a client shows to say whom it means (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 1.0 2)."""

from __future__ import annotations

from typing import Any

import jwt
from django.conf import settings

from keymanager import errors, signing
from keymanager.models import Client

WRONG = "The id_token_hint is not an ID token that was issued to this application."

UNCHECKED = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


def read(token: str) -> dict[str, Any] | None:
    """The claims of an ID token that this key manager issued; None for any other text.

    RP-Initiated Logout 1.0 4: "the OP SHOULD accept ID Tokens when the RP identified by the ID Token's aud claim and/or
    sid claim has a current session or had a recent session at the OP, even when the exp time has passed."
    """
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if header.get("typ") != "JWT" or algorithm not in signing.ALGORITHMS:
            return None
        key = signing.keys(algorithm).public_keys[header.get("kid", "")]
        options: Any = UNCHECKED | {"require": ["iss", "sub", "aud"]}
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm], issuer=settings.ISSUER, options=options)
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, RecursionError):
        return None
    return claims if isinstance(claims["aud"], str) else None


def subject(client: Client, hint: str) -> str:
    """Whom `hint` names. InvalidRequest for a token that is not ours, or not this client's.

    An old one will do: OpenID Connect Core 3.1.2.1 has it as a hint about a "current or past" session.
    """
    claims = read(hint)
    if claims is None or claims["aud"] != client.client_id:
        raise errors.InvalidRequest(WRONG)
    return str(claims["sub"])
