"""The keys that sign tokens, by their calendar: made, published, signing, retired, gone (docs/decisions/0008).

A key is published SIGNING_KEY_LEAD before it signs, signs until its successor does, and stays published until every
token it signed has expired. Reading the keys carries the calendar out (keymanager/signing.py); no clock work is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from keymanager import checksums
from keymanager.models import Client, SigningAlgorithm, SigningKey

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

PURPOSE = "signing key"
ID_TOKEN_LIFETIME = 3600
LONGEST_LIFETIME = 365 * 24 * 3600
# Clocks differ, and a process may sign with a retired key until it looks again (signing.REFRESH_SECONDS).
SLACK = timedelta(seconds=120)
RSA_BITS = 2048
RSA_EXPONENT = 65537


@dataclass
class Changes:
    """What was done to the keys of an algorithm, as lists of `kid`."""

    made: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def of(algorithm: str) -> QuerySet[SigningKey]:
    """Newest generation first."""
    return SigningKey.objects.filter(algorithm=algorithm).order_by("-generation")


def signer(rows: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """Of rows in the order of `of`: the newest that is active."""
    return next((row for row in rows if row.active_from <= now), None)


def is_due(rows: Sequence[SigningKey], now: datetime) -> bool:
    """Whether the calendar of these keys asks for something; no statement."""
    return needs_successor(rows, now) or bool(superseded(rows, now)) or any(is_over(row, now) for row in rows)


def needs_successor(rows: Sequence[SigningKey], now: datetime) -> bool:
    return not rows or now >= rows[0].active_from + lifetime() - lead()


def superseded(rows: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    current = signer(rows, now)
    return [row for row in rows if current and row.generation < current.generation and row.published_until is None]


def is_over(row: SigningKey, now: datetime) -> bool:
    return row.published_until is not None and row.published_until <= now


def lifetime() -> timedelta:
    return timedelta(seconds=settings.SIGNING_KEY_LIFETIME)


def lead() -> timedelta:
    return timedelta(seconds=settings.SIGNING_KEY_LEAD)


@transaction.atomic
def rotate(algorithm: str) -> Changes:
    """Does what the calendar asks for by now. Twice is once, and of two processes at once one does it."""
    changes, now = Changes(), timezone.now()
    newest = of(algorithm).first()
    if newest and not of(algorithm).select_for_update(skip_locked=True).filter(pk=newest.pk).first():
        return changes
    rows = list(of(algorithm))
    for row in superseded(rows, now):
        retire(row, now)
        changes.retired.append(row.kid)
    if needs_successor(rows, now):
        row, made = make(algorithm, rows[0].generation + 1 if rows else 1, active_from=first_use(rows, now))
        changes.made += [row.kid] * made
    for row in rows:
        if is_over(row, now):
            row.delete()
            changes.removed.append(row.kid)
    return changes


def first_use(rows: Sequence[SigningKey], now: datetime) -> datetime:
    """The first key of all at once; a successor when its turn comes, and never before everybody could learn of it."""
    return max(rows[0].active_from + lifetime(), now + lead()) if rows else now


def retire(row: SigningKey, now: datetime) -> None:
    """It signs no more; published until the last token it can have signed has expired."""
    until = now + timedelta(seconds=min(row.longest_lifetime, LONGEST_LIFETIME)) + SLACK
    of(row.algorithm).filter(pk=row.pk, published_until=None).update(retired_at=now, published_until=until)


@transaction.atomic
def replace_at_once(algorithm: str) -> Changes:
    """The emergency: a new key signs from now on; the older ones are gone, and every token they signed is dead."""
    list(of(algorithm).select_for_update())
    # Read anew: whoever had to wait was given what is gone by now.
    newest = of(algorithm).first()
    generation, made = newest.generation if newest else 0, False
    while not made:
        generation += 1
        row, made = make(algorithm, generation, active_from=timezone.now())
    withdrawn = list(of(algorithm).filter(generation__lt=generation))
    of(algorithm).filter(pk__in=[old.pk for old in withdrawn]).delete()
    return Changes(made=[row.kid], removed=[old.kid for old in withdrawn])


def make(algorithm: str, generation: int, *, active_from: datetime) -> tuple[SigningKey, bool]:
    """The key of that generation, and whether it is new: who comes second gets what the first one made."""
    private_key = generate(algorithm)
    public = public_members(private_key)
    kid = thumbprint(public)
    return SigningKey.objects.get_or_create(
        algorithm=algorithm,
        generation=generation,
        defaults={
            "kid": kid,
            "public_jwk": public | {"kid": kid, "alg": algorithm, "use": "sig"},
            "sealed_private_key": seal(private_key, kid),
            "active_from": active_from,
            "longest_lifetime": longest_client_lifetime(),
        },
    )


def longest_client_lifetime() -> int:
    """Seconds: of any token that clients get without asking for more."""
    longest = Client.objects.aggregate(longest=Max("access_token_lifetime"))["longest"] or 0
    return min(max(longest, ID_TOKEN_LIFETIME), LONGEST_LIFETIME)


def note_lifetime(kid: str, seconds: int) -> None:
    """The key `kid` signs a token that lives longer than all before: it will have to stay published as long."""
    SigningKey.objects.filter(kid=kid, longest_lifetime__lt=seconds).update(longest_lifetime=seconds)


def generate(algorithm: str) -> PrivateKey:
    """RFC 7518 3.4 and 3.3: "A key of size 2048 bits or larger MUST be used"."""
    if algorithm == SigningAlgorithm.RS256:
        return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def public_members(private_key: PrivateKey) -> dict[str, str]:
    """RFC 7518 6.2.1 and 6.3.1: the members of a JWK that are the key itself."""
    if isinstance(private_key, rsa.RSAPrivateKey):
        jwk = json.loads(RSAAlgorithm.to_jwk(private_key.public_key()))
    else:
        jwk = json.loads(ECAlgorithm.to_jwk(private_key.public_key()))
    return {name: jwk[name] for name in required_members(jwk["kty"])}


def required_members(kty: str) -> tuple[str, ...]:
    return ("e", "kty", "n") if kty == "RSA" else ("crv", "kty", "x", "y")


def thumbprint(public: dict[str, str]) -> str:
    """RFC 7638 3."""
    members = json.dumps({name: public[name] for name in required_members(public["kty"])}, separators=(",", ":"))
    return checksums.s256(members.encode())


def seal(private_key: PrivateKey, kid: str) -> bytes:
    plain = private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return checksums.seal(plain, checksums.derived_key(PURPOSE), kid)


def unseal(row: SigningKey) -> PrivateKey:
    plain = checksums.unseal(bytes(row.sealed_private_key), checksums.derived_key(PURPOSE), row.kid)
    # The seal vouches for the key, so the slow check that its numbers fit together is left out.
    private_key = serialization.load_der_private_key(plain, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"Signing key {row.kid} is of a kind that signs no tokens.")
    return private_key
