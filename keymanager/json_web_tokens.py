"""JSON Web Tokens that others sign: read strictly, verified by their own keys (RFC 7519, RFC 8725).

One place for all of them: client assertions (RFC 7523 2.2), authorization grants (RFC 7523 2.1), request objects
(RFC 9101). Everything that two readers could read in two ways is refused here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.utils import base64url_decode

from keymanager import client_keys, json_parameters
from keymanager.client_keys import KeyHolder

# RFC 8725 3.1: only algorithms that are chosen here; never `none`, never one with a shared secret.
ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA", "Ed25519")
FAPI_ALGORITHMS = ("ES256", "PS256", "EdDSA", "Ed25519")
"""FAPI 2.0 Security Profile 5.4.1."""
TOLERANCE = 60
"""Seconds that the clock of a signer may go wrong (RFC 7519 4.1.4: "usually no more than a few minutes")."""
LONGEST_TOKEN = 16 * 1024
LONGEST_TEXT = 1000
LATEST = 253402300799  # the end of the year 9999
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# RFC 7515 4.1.11: what is critical and not understood is refused, and none is. RFC 7797 3: b64 belongs to those.
NOT_UNDERSTOOD = ("crit", "b64", "zip", "enc")


class Refused(Exception):
    """Why a token is not believed: for the log only. What the caller is told is the caller's protocol's matter."""


@dataclass(frozen=True)
class Unverified:
    """What a token says while nobody knows yet whether it is true: good for finding out who has to prove it."""

    token: str
    header: dict[str, Any]
    claims: dict[str, Any]


def text(claims: dict[str, Any], name: str) -> str:
    """The claim `name`, which has to be a text (RFC 7519 2: StringOrURI) that can be looked up."""
    value = claims.get(name)
    if not isinstance(value, str) or not value or "\x00" in value or len(value) > LONGEST_TEXT:
        raise Refused(f"{name} is missing or is no text")
    return value


def read(token: str) -> Unverified:
    """Header and claims of a compact JWS, unverified. Raises Refused for whatever is none."""
    if len(token) > LONGEST_TOKEN or not COMPACT.fullmatch(token):
        raise Refused("not a compact JWS, or a long one")
    header, claims, _ = token.split(".")
    return Unverified(token, json_object(header), json_object(claims))


def json_object(encoded: str) -> dict[str, Any]:
    """Strictly: a member once (RFC 7515 4: names "MUST be unique"), finite numbers, text that is Unicode."""
    try:
        value = json.loads(
            base64url_decode(encoded).decode(), object_pairs_hook=json_parameters.once, parse_constant=refuse_constant
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as fault:
        raise Refused(f"not JSON: {type(fault).__name__}") from None
    if not isinstance(value, dict):
        raise Refused("not a JSON object")
    return value


def refuse_constant(name: str) -> Any:
    raise Refused(f"{name} is no JSON")


def verified(
    token: str,
    holder: KeyHolder,
    *,
    types: Collection[str],
    algorithms: Collection[str] = ALGORITHMS,
    audience: Callable[[Any], bool],
    longest: float | None = None,
) -> dict[str, Any]:
    """The claims of `token`, signed by a key of `holder`, for us and good now.

    `types`: the media types it may have, in small letters and without "application/", "" for none said (RFC 8725 3.11).
    `audience`: whether an `aud` is ours (`is_for`, `is_only_for`). `longest`: how many seconds ahead `exp` may lie;
    with it, `exp` has to be there. Raises Refused.
    """
    unverified = read(token)
    check_header(unverified.header, types, algorithms)
    check_signature(unverified, holder)
    check_times(unverified.claims, longest)
    if not audience(unverified.claims.get("aud")):
        raise Refused(f"aud is not ours: {unverified.claims.get('aud')!r:.200}")
    return unverified.claims


def chosen(allowed: Collection[str], registered: str | None) -> Collection[str]:
    """Those of `allowed` that a client may use that has registered one, or none; the one may be told by its newer name
    (RFC 9864)."""
    return [name for name in allowed if registered in (None, name, client_keys.FORMER_NAMES.get(name))]


def check_header(header: dict[str, Any], types: Collection[str], algorithms: Collection[str]) -> None:
    if any(name in header for name in NOT_UNDERSTOOD):
        raise Refused("a header parameter that is not understood")
    alg, typ, kid = header.get("alg"), header.get("typ", ""), header.get("kid")
    if not isinstance(alg, str) or alg not in algorithms or alg not in ALGORITHMS:
        raise Refused(f"alg {alg!r:.80}")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in types:
        raise Refused(f"typ {typ!r:.80}")
    if kid is not None and not isinstance(kid, str):
        raise Refused("kid is no text")


def check_signature(unverified: Unverified, holder: KeyHolder) -> None:
    """By a key that was registered: one that the token brings along (`jwk`, `jku`, `x5c`, `x5u`) is never looked at."""
    alg = unverified.header["alg"]
    try:
        keys = client_keys.verification_keys(holder, kid=unverified.header.get("kid"), alg=alg)
    except client_keys.UnusableKeys as fault:
        raise Refused(str(fault)) from None
    if not any(is_signed_by(unverified.token, key) for key in keys):
        raise Refused("the signature is wrong")


def is_signed_by(token: str, key: jwt.PyJWK) -> bool:
    """By the algorithm that the key was loaded for, so that neither can be taken for another."""
    signed, _, signature = token.rpartition(".")
    try:
        return bool(key.Algorithm.verify(signed.encode(), key.key, base64url_decode(signature)))
    except (jwt.PyJWTError, ValueError):
        return False


def check_times(claims: dict[str, Any], longest: float | None) -> None:
    """RFC 7519 4.1.4 to 4.1.6."""
    now = time.time()
    expires, begins, issued = (numeric_date(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None and longest is not None:
        raise Refused("no exp")
    if expires is not None and expires <= now:
        raise Refused("expired")
    if expires is not None and longest is not None and expires > now + longest + TOLERANCE:
        raise Refused("exp is too far ahead")
    if any(moment is not None and moment > now + TOLERANCE for moment in (begins, issued)):
        raise Refused("not good yet, or issued in the future")


def numeric_date(claims: dict[str, Any], name: str) -> float | None:
    """RFC 7519 2: a JSON number, seconds since 1970; None when it is left out."""
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise Refused(f"{name} is no time")
    return float(value)


def is_for(*ours: str) -> Callable[[Any], bool]:
    """One of `ours`, as a text or in a list of nothing else: several libraries name issuer and endpoint together, and
    what is for somebody else as well could have been sent here by them."""
    return lambda aud: aud in ours if isinstance(aud, str) else isinstance(aud, list) and is_some_of(ours, aud)


def is_some_of(ours: Sequence[str], named: list[Any]) -> bool:
    return bool(named) and all(one in ours for one in named)


def is_only_for(issuer: str) -> Callable[[Any], bool]:
    """The issuer as a text, nothing else (FAPI 2.0 Security Profile 5.3.2.1)."""
    return lambda aud: isinstance(aud, str) and aud == issuer
