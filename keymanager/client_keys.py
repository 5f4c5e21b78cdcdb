"""The public keys of a client, or of any other who signs for himself: from `jwks`, or fetched from `jwks_uri`.

OpenID Connect Registration 1.0 2: "jwks_uri and jwks parameters MUST NOT be used together"; a fetched set is kept for
five minutes, and looked at again for a `kid` that is not in it (OpenID Connect Core 10.1.1), twice a minute at most.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keymanager import fetching

Jwk = dict[str, Any]
Fetch = Callable[[str], fetching.Document]

KEPT_SECONDS = 300.0
AGAIN_SECONDS = 30.0
MOST_KEYS = 20
MOST_SETS = 1000
# An RSA key of 2048 to 8192 bits (RFC 7518 3.3: "A key of size 2048 bits or larger MUST be used"), 65537 or the like.
SMALLEST_RSA, LARGEST_RSA = 2048, 8192
LONGEST_EXPONENT = 4
UNLOADABLE = (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, AttributeError)
AGREEING = frozenset({("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521")})
FITTING: dict[str, frozenset[tuple[str, str | None]]] = {
    "ES256": frozenset({("EC", "P-256")}),
    "PS256": frozenset({("RSA", None)}),
    "RS256": frozenset({("RSA", None)}),
    "EdDSA": frozenset({("OKP", "Ed25519")}),
    "Ed25519": frozenset({("OKP", "Ed25519")}),
    "RSA-OAEP-256": frozenset({("RSA", None)}),
    "ECDH-ES": AGREEING,
    "ECDH-ES+A128KW": AGREEING,
    "ECDH-ES+A256KW": AGREEING,
}
"""The `kty` and `crv` of a key that an algorithm is used with (RFC 7518 3.1, 4.1 and 6.2.1.1, RFC 8037 3.1,
RFC 9864 2.2)."""
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""RFC 7518 6.2.2, 6.3.2 and 6.4: those of a key that nobody but its owner may have."""
FORMER_NAMES = {"Ed25519": "EdDSA"}
"""RFC 9864 4.1.2: EdDSA is deprecated for a name that tells the curve too; the signatures are the same."""


class UnusableKeys(Exception):
    """There is no key to be had; the text says why, for the log only."""


class KeyHolder(Protocol):
    """A Client, or a TrustedIssuer: whoever has the members `jwks` and `jwks_uri` (RFC 7591 2)."""

    @property
    def is_stranger(self) -> bool: ...

    def registered(self, name: str) -> Any: ...


@dataclass
class Fetched:
    """What came from one address, and when it was tried last, and before that; `keys` is None when that failed."""

    keys: list[Jwk] | None = None
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    tried_before: float = float("-inf")
    why_not: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


_fetched: OrderedDict[str, Fetched] = OrderedDict()


def verification_keys(holder: KeyHolder, *, kid: str | None, alg: str) -> list[jwt.PyJWK]:
    """The keys that may have made a signature by `alg`: those with this `kid`, or all that fit when none was told.

    Raises UnusableKeys when there is none.
    """
    fitting = [jwk for jwk in candidates(holder, kid) if fits(jwk, alg, use="sig", operation="verify")]
    keys = [key for jwk in fitting if (key := loaded(jwk, alg))]
    if not keys:
        raise UnusableKeys(f"no usable key for {alg}, kid {kid!r:.80}")
    return keys


def encryption_key(holder: KeyHolder, *, alg: str) -> Jwk:
    """The public JWK to encrypt to by `alg`; one that says it is for encryption rather than one that says nothing.

    Raises UnusableKeys when there is none.
    """
    operation = "wrapKey" if alg.startswith("RSA") else "deriveKey"
    fitting = [jwk for jwk in candidates(holder, None) if fits(jwk, alg, use="enc", operation=operation)]
    usable = [jwk for jwk in fitting if public_key_info(jwk)]
    if not usable:
        raise UnusableKeys(f"no usable key for {alg}")
    return min(usable, key=lambda jwk: "use" not in jwk)


def all_keys(holder: KeyHolder) -> list[Jwk]:
    """Every key as it was published."""
    return candidates(holder, None)


def candidates(holder: KeyHolder, kid: str | None) -> list[Jwk]:
    if (registered := holder.registered("jwks")) is not None:
        return with_kid(key_list(registered), kid)
    if (url := holder.registered("jwks_uri")) is None:
        raise UnusableKeys("neither jwks nor jwks_uri is registered")
    fetch = fetching.fetch_for_stranger if holder.is_stranger else fetching.fetch
    now = time.monotonic()
    found = with_kid(fetched(url, fetch, since=now - KEPT_SECONDS), kid)
    return found or with_kid(fetched(url, fetch, since=now), kid)


def with_kid(keys: list[Jwk], kid: str | None) -> list[Jwk]:
    return keys if kid is None else [jwk for jwk in keys if jwk.get("kid") == kid]


def key_list(document: Any) -> list[Jwk]:
    """RFC 7517 5: members that are not understood are ignored, and so are keys that are not."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise UnusableKeys("not a JWK Set")
    return [jwk for jwk in keys[:MOST_KEYS] if isinstance(jwk, dict)]


def fetched(url: str, fetch: Fetch, *, since: float) -> list[Jwk]:
    """The keys at `url`, fetched anew if they are from before `since` and it may be asked again; one asks at a time."""
    # Apart: a stranger who names somebody's address must not use up the tries of whose it is.
    held = remembered(url if fetch is fetching.fetch else f"{url} for strangers")
    with held.lock:
        now = time.monotonic()
        if held.fetched_at < since and may_ask(held, now):
            renew(held, url, fetch)
        if held.keys is None or now - held.fetched_at > KEPT_SECONDS:
            raise UnusableKeys(f"jwks_uri {url!r:.200}: {held.why_not}")
        return held.keys


def may_ask(held: Fetched, now: float) -> bool:
    """Once more at once, for keys that were changed just after we had them, and no more than twice a minute: nobody can
    make us ask a stranger's server as often as he likes. A failure is a failure for AGAIN_SECONDS."""
    if held.fetched_at < held.tried_at:
        return now - held.tried_at > AGAIN_SECONDS
    return now - held.tried_before > 2 * AGAIN_SECONDS


def remembered(url: str) -> Fetched:
    held = _fetched.setdefault(url, Fetched())
    if len(_fetched) > MOST_SETS:
        _fetched.popitem(last=False)
    return held


def renew(held: Fetched, url: str, fetch: Fetch) -> None:
    held.tried_before, held.tried_at = held.tried_at, time.monotonic()
    try:
        held.keys = key_list(fetch(url).value)
        held.fetched_at = held.tried_at
    except (fetching.NotFetched, UnusableKeys) as fault:
        held.why_not = f"{type(fault).__name__}: {fault}"[:300]


def forget() -> None:
    """Ask again at the next use."""
    _fetched.clear()


def fits(jwk: Jwk, alg: str, *, use: str, operation: str) -> bool:
    """RFC 7517 4: what a key says of itself holds. One with its private half in it is anybody's key, so nobody's."""
    kty = jwk.get("kty")
    curve = None if kty == "RSA" else jwk.get("crv")
    return (
        isinstance(kty, str)
        and isinstance(curve, str | None)
        and (kty, curve) in FITTING[alg]
        and jwk.get("use", use) == use
        and jwk.get("alg", alg) in {alg, FORMER_NAMES.get(alg)}
        and allows(jwk, operation)
        and not PRIVATE_MEMBERS & jwk.keys()
        and (kty != "RSA" or has_sound_modulus(jwk))
    )


def allows(jwk: Jwk, operation: str) -> bool:
    """RFC 7517 4.3; an encrypting key may name its operation in several words."""
    operations = jwk.get("key_ops")
    if operations is None:
        return True
    words = {operation, "encrypt", "deriveBits"} if operation != "verify" else {operation}
    return isinstance(operations, list) and any(isinstance(word, str) and word in words for word in operations)


def has_sound_modulus(jwk: Jwk) -> bool:
    """By its length in text, before anybody computes with it."""
    n, e = jwk.get("n"), jwk.get("e")
    if not isinstance(n, str) or not isinstance(e, str):
        return False
    return SMALLEST_RSA // 6 <= len(n) <= LARGEST_RSA // 6 + 4 and len(e) <= LONGEST_EXPONENT * 2


def loaded(jwk: Jwk, alg: str) -> jwt.PyJWK | None:
    """The key; None for one that is no key at all (a point off its curve, text that is no number) or is too weak."""
    try:
        key = jwt.PyJWK({**jwk, "alg": alg}, algorithm=FORMER_NAMES.get(alg, alg))
    except UNLOADABLE:
        return None
    return key if getattr(key.key, "key_size", SMALLEST_RSA) >= SMALLEST_RSA or jwk["kty"] != "RSA" else None


def public_key_info(jwk: Jwk) -> bytes | None:
    """Its DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7), on whatever curve; None for what is no sound public key."""
    if jwk.get("kty") not in {"EC", "RSA", "OKP"} or "d" in jwk or (jwk["kty"] == "RSA" and not has_sound_modulus(jwk)):
        return None
    try:
        key = jwt.PyJWK({name: value for name, value in jwk.items() if name != "alg"}).key
        return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except UNLOADABLE:
        return None
