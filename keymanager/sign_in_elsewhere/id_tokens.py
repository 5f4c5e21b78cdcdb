"""Whether an ID token or a logout token of the other server is to be believed."""

from __future__ import annotations

import hmac
import time
from typing import Any

import jwt
from django.conf import settings

from keymanager import client_keys, oidc
from keymanager.sign_in_elsewhere.failures import Failure
from keymanager.sign_in_elsewhere.providers import Provider, key_holder

LEEWAY = 60  # seconds between the two clocks
LONGEST_SUBJECT = 255
LONGEST_TOKEN = 20_000
NEEDED = ["iss", "aud", "exp", "iat"]

Claims = dict[str, Any]


def read(token: Any, provider: Provider, *, nonce: str, access_token: str) -> Claims:
    """OpenID Connect Core 3.1.3.7, rule by rule. Raises Failure."""
    claims = signed_claims(token, provider, kinds=("JWT",))
    # 2: "MUST NOT exceed 255 ASCII characters"
    if not is_subject(claims.get("sub")):
        raise Failure("the ID token has no usable sub")
    # 11: "a nonce Claim MUST be present and its value checked"
    if not is_same(claims.get("nonce"), nonce):
        raise Failure("the ID token has another nonce")
    # 3.1.3.8
    if "at_hash" in claims and has_sha256(token) and not is_same(claims["at_hash"], oidc.half_hash(access_token)):
        raise Failure("the ID token was issued with another access token")
    if not is_time(claims.get("auth_time", 0)):
        raise Failure("the ID token has an auth_time that is none")
    return claims


def signed_claims(token: Any, provider: Provider, *, kinds: tuple[str, ...]) -> Claims:
    """The claims of a token that this provider signed for us, and that is not over. Rules 1 to 3, 6, 7 and 9."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise Failure("no token, or one that is too long")
    try:
        header = jwt.get_unverified_header(token)
        alg, kid = header.get("alg"), header.get("kid")
        check_header(header, provider, kinds)
        claims = verified(token, provider, alg=str(alg), kid=kid if isinstance(kid, str) else None)
    except (jwt.PyJWTError, client_keys.UnusableKeys, ValueError, TypeError, RecursionError, OverflowError) as fault:
        raise Failure(f"{type(fault).__name__}: {fault}"[:300]) from fault
    if not all(isinstance(claims[name], int | float) for name in ("exp", "iat")):
        raise Failure("a time that is no number")
    check_audience(claims)
    return claims


def check_header(header: dict[str, Any], provider: Provider, kinds: tuple[str, ...]) -> None:
    """RFC 8725 3.1 and 3.11: an algorithm from a list, and no token of another kind. No extension is understood."""
    if header.get("alg") not in provider.algorithms:
        raise Failure(f"signed by {header.get('alg')!r:.40}")
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in {kind.lower() for kind in kinds}:
        raise Failure(f"of type {header.get('typ')!r:.40}")
    if "crit" in header:
        raise Failure("has critical extensions")


def verified(token: str, provider: Provider, *, alg: str, kid: str | None) -> Claims:
    keys = client_keys.verification_keys(key_holder(provider, kid), kid=kid, alg=alg)
    for key in keys:
        try:
            claims: Claims = jwt.decode(
                token,
                key,
                algorithms=[alg],
                issuer=provider.issuer,
                audience=settings.AUTHENTICATION_CLIENT_ID,
                leeway=LEEWAY,
                options={"require": NEEDED},
            )
        except jwt.InvalidSignatureError:
            continue
        return claims
    raise Failure("the signature is of none of the published keys")


def check_audience(claims: Claims) -> None:
    """Rules 3 to 5: not for others as well, who could show it here; and issued to us."""
    if claims["aud"] not in (settings.AUTHENTICATION_CLIENT_ID, [settings.AUTHENTICATION_CLIENT_ID]):
        raise Failure("the token is for others too")
    if claims.get("azp", settings.AUTHENTICATION_CLIENT_ID) != settings.AUTHENTICATION_CLIENT_ID:
        raise Failure("the token was issued to somebody else")


def is_subject(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isascii() and value.isprintable()


def is_same(value: Any, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(errors="replace"), expected.encode())


def is_time(value: Any) -> bool:
    """Seconds, not a truth value; nobody signs in tomorrow."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= time.time() + LEEWAY


def has_sha256(token: str) -> bool:
    return str(jwt.get_unverified_header(token)["alg"]).endswith("256")
