"""Who approved: the ID token, checked against the keys its issuer publishes (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import jwt
from django.conf import settings

from playground import calls
from playground.attempts import Attempt, Token
from playground.problems import Problem, Refused

# Only signatures by a private key: with "none" or a shared secret anybody could be anybody.
ALGORITHMS = ["ES256", "RS256", "PS256"]
LEEWAY = 10  # seconds two clocks may differ


def verify(attempt: Attempt, token: Token, previous: Token | None = None) -> None:
    """Leave the verified claims in `token.identity`, or the reason why there are none in `token.identity_problem`."""
    try:
        claims = _claims(attempt, token.id_token)
        _match_nonce(attempt, claims, previous)
        _match_access_token(attempt, token, claims)
        token.identity = claims
    except jwt.PyJWTError as error:
        token.identity_problem = f"The ID token does not hold: {error}."
    except Refused as refused:
        token.identity_problem = f"The ID token could not be checked. {refused.problem.sentence}"


def _claims(attempt: Attempt, id_token: str) -> dict[str, Any]:
    header = jwt.get_unverified_header(id_token)
    claims: dict[str, Any] = jwt.decode(
        id_token,
        _key(header.get("kid"), str(header.get("alg"))),
        algorithms=ALGORITHMS,
        issuer=settings.PLAYGROUND_ISSUER,
        audience=attempt.client_id,
        leeway=LEEWAY,
        options={"require": ["iss", "sub", "aud", "exp", "iat"]},
    )
    return claims


def _key(kid: str | None, algorithm: str) -> jwt.PyJWK:
    """The issuer's public key with this id, found by discovery (OpenID Connect Discovery 4)."""
    document = _json(f"{settings.PLAYGROUND_ISSUER}/.well-known/openid-configuration")
    if document.get("issuer") != settings.PLAYGROUND_ISSUER:
        raise jwt.InvalidIssuerError("the discovery document names another issuer")
    keys = jwt.PyJWKSet.from_dict(_json(str(document.get("jwks_uri")))).keys
    for key in keys:
        if key.key_id == kid and key.algorithm_name == algorithm:
            return key
    raise jwt.InvalidKeyError("the issuer publishes no key with its kid")


def _json(url: str) -> dict[str, Any]:
    answer = calls.get(url)
    members = answer.members()
    if answer.status != 200 or members is None:
        raise Refused(Problem(f"{url} answered with status {answer.status} and not with keys.", "Try again later."))
    return members


def _match_nonce(attempt: Attempt, claims: dict[str, Any], previous: Token | None) -> None:
    """The nonce ties the ID token to this attempt; one from a refresh may lack it (12.2), yet keeps its subject."""
    if previous is not None:
        if previous.identity and claims["sub"] != previous.identity["sub"]:
            raise jwt.InvalidTokenError("its subject is not the person who approved")
        if "nonce" not in claims:
            return
    nonce = str(claims.get("nonce", ""))
    if attempt.nonce and not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
        raise jwt.InvalidTokenError("its nonce is not the one that was sent")


def _match_access_token(attempt: Attempt, token: Token, claims: dict[str, Any]) -> None:
    """3.1.3.6: at_hash is the left half of the access token's hash; 3.2.2.9: beside a token in a URL it must be."""
    if "at_hash" not in claims and attempt.grant_type != "implicit":
        return
    digest = hashlib.sha256(token.access_token.encode()).digest()
    wanted = base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    if not hmac.compare_digest(str(claims.get("at_hash")).encode(), wanted.encode()):
        raise jwt.InvalidTokenError("its at_hash does not fit the access token")
