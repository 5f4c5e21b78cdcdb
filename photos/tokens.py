"""The access token: who calls, and what they may do. Nothing but the signed token is believed (RFC 9068)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from photos.errors import InvalidToken
from photos.jwks import ALGORITHMS, KeySet, UnknownKey

LEEWAY = 10  # seconds that two clocks may differ
TYPES = frozenset({"at+jwt", "application/at+jwt"})
REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person (or application) that a token stands for."""

    issuer: str
    subject: str
    client_id: str
    scopes: frozenset[str]

    is_authenticated = True

    @property
    def is_application(self) -> bool:
        """RFC 9068 2.2: where no person is involved, `sub` names the client itself."""
        return self.subject == self.client_id


def verify(token: str, keys: KeySet, *, issuer: str, audiences: list[str]) -> Caller:
    """The caller of a good token; raises InvalidToken with one sentence, or KeysUnavailable (RFC 9068 4)."""
    key = _signing_key(token, keys)
    claims = _claims(token, key, issuer=issuer, audiences=audiences)
    # RFC 9449 7.2: taken as a bearer token, a bound one that was stolen would work here.
    if "cnf" in claims:
        raise InvalidToken("The access token is bound to a key, and PhotoShare takes bearer tokens only.")
    subject, client_id, scope = claims["sub"], claims["client_id"], claims.get("scope", "")
    if not (isinstance(client_id, str) and isinstance(scope, str) and subject and len(subject) <= 255):
        raise InvalidToken("The access token has a claim of the wrong kind.")
    return Caller(issuer=issuer, subject=subject, client_id=client_id, scopes=frozenset(scope.split()))


def _signing_key(token: str, keys: KeySet) -> jwt.PyJWK:
    """The key that the header names, once the header itself is acceptable."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as problem:
        raise InvalidToken("The access token is not a signed JWT.", log_detail=str(problem)) from problem
    # RFC 9068 4: the typ header MUST be checked, or an ID token would pass for an access token.
    if str(header.get("typ", "")).lower() not in TYPES:
        raise InvalidToken("This JWT is not an access token.", log_detail=f"typ is {header.get('typ')!r}")
    # RFC 9068 4: the resource server MUST reject any JWT in which the value of alg is none.
    if header.get("alg") not in ALGORITHMS:
        raise InvalidToken("The access token is signed in a way that is not accepted.", log_detail=f"{header!r}"[:200])
    try:
        return keys.key(header.get("kid", ""))
    except UnknownKey as problem:
        raise InvalidToken("The access token is signed with an unknown key.", log_detail=f"kid {problem}") from problem


def _claims(token: str, key: jwt.PyJWK, *, issuer: str, audiences: list[str]) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=issuer,
            audience=audiences,
            leeway=LEEWAY,
            options={"require": list(REQUIRED)},
        )
    except jwt.PyJWTError as problem:
        raise InvalidToken(_reason(problem), log_detail=str(problem)) from problem


def _reason(problem: jwt.PyJWTError) -> str:
    reasons: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
        (jwt.ExpiredSignatureError, "The access token has expired."),
        (jwt.InvalidIssuerError, "The access token comes from another issuer."),
        (jwt.InvalidAudienceError, "The access token is meant for another service."),
        (jwt.InvalidSignatureError, "The signature of the access token is wrong."),
        (jwt.MissingRequiredClaimError, "The access token lacks a required claim."),
        (jwt.ImmatureSignatureError, "The access token is not valid yet."),
    )
    return next((text for kind, text in reasons if isinstance(problem, kind)), "The access token cannot be used.")
