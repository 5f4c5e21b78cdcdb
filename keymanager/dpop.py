"""DPoP proofs (RFC 9449): a list of small checks (4.3), at whose end stands the key that the caller holds."""

from __future__ import annotations

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import jwt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from keymanager import checksums, client_keys, dpop_nonces, errors, http_uris
from keymanager.models import DPoPProofUse

# RFC 9449 4.2: "MUST NOT be none or an identifier for a symmetric algorithm (Message Authentication Code (MAC))". Each
# with the type, and the curve, that its key must have (RFC 7518 3.1, RFC 8037 3.1).
ALGORITHMS = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "PS256": {"kty": "RSA"},
    "RS256": {"kty": "RSA"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "Ed25519": {"kty": "OKP", "crv": "Ed25519"},
}
# RFC 7638 3.2 and RFC 8037 2: what makes a key, and its thumbprint.
MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
# Weaker RSA keys protect nothing (RFC 7518 3.3); longer ones, and long exponents, only cost us time.
RSA_BITS = range(2048, 4097)
LONGEST_EXPONENT = 32  # bits
LONGEST = 8192
LATEST = 10**11  # seconds since 1970
COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
# Seconds that a proof may be old, or ahead of us. FAPI 2.0 5.3.2.1 accepts up to 10 ahead and none above 60.
PAST, AHEAD = 60, 30
# No proof is good for longer, whichever clock says so.
REMEMBERED = timedelta(seconds=max(PAST + AHEAD, dpop_nonces.LIFETIME))


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A JWS that has the form of a proof; nothing of it is believed yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def jwk(self) -> dict[str, str]:
        """The members of its key that make the key; known to be there once `check_key` has passed."""
        return {name: self.header["jwk"][name] for name in MEMBERS[self.header["jwk"]["kty"]]}

    @property
    def thumbprint(self) -> str:
        """RFC 7638 3."""
        canonical = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return base64url_digest(canonical)


def is_sent(request: HttpRequest) -> bool:
    return "HTTP_DPOP" in request.META


def is_scheme(request: HttpRequest) -> bool:
    """Whether the access token comes under the scheme of RFC 9449 7.1."""
    return str(request.META.get("HTTP_AUTHORIZATION", "")).lower().startswith("dpop ")


def bound_key(request: HttpRequest, algorithms: Collection[str] = ALGORITHMS.keys()) -> str | None:
    """The thumbprint of the key that this request proves to hold; None without a DPoP header (RFC 9449 5)."""
    return proven_key(request, algorithms) if is_sent(request) else None


def bind(
    request: HttpRequest, parameters: dict[str, str], algorithms: Collection[str] = ALGORITHMS.keys()
) -> dict[str, str]:
    """RFC 9449 10.1: a pushed authorization request is bound by its DPoP header as if by `dpop_jkt`.

    "If both mechanisms are used at the same time, the authorization server MUST reject the request if the JWK
    Thumbprint in dpop_jkt does not match the public key in the DPoP header."
    """
    key = bound_key(request, algorithms)
    if key is None:
        return parameters
    if parameters.get("dpop_jkt", key) != key:
        raise errors.InvalidRequest("dpop_jkt differs from the key of the DPoP header.")
    return parameters | {"dpop_jkt": key}


def proven_key(request: HttpRequest, algorithms: Collection[str] = ALGORITHMS.keys(), *, access_token: str = "") -> str:
    """RFC 9449 4.3. `algorithms`: those that the caller may use. At a resource `access_token` is what the proof comes
    with.

    Single use comes last: only a proof that is good in every other way is worth remembering.
    """
    proof = read(request.META.get("HTTP_DPOP", ""))
    check_type(proof)
    check_algorithm(proof, algorithms)
    check_key(proof)
    check_signature(proof)
    check_claims(proof)
    check_method(proof, request)
    check_address(proof, request)
    check_time(proof)
    check_access_token(proof, access_token)
    claim(proof)
    return proof.thumbprint


def refuse(detail: str) -> NoReturn:
    raise errors.InvalidDPoPProof(detail=detail)


def read(value: str) -> Proof:
    """4.3: "There is not more than one DPoP HTTP request header field" (several arrive joined by commas, which no JWT
    has), "a single and well-formed JWT"."""
    match = COMPACT.fullmatch(value) if len(value) <= LONGEST else None
    if match is None:
        refuse("not one compact JWS")
    header, claims, signature = match.groups()
    try:
        return Proof(
            header=json_object(header),
            claims=json_object(claims),
            signed=f"{header}.{claims}".encode(),
            signature=base64url_bytes(signature),
        )
    except (ValueError, RecursionError) as problem:
        raise errors.InvalidDPoPProof(detail=f"not a JWT: {problem!r}"[:200]) from problem


def json_object(encoded: str) -> dict[str, Any]:
    value = json.loads(base64url_bytes(encoded).decode())
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def base64url_bytes(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def base64url_digest(text: str) -> str:
    """SHA-256 of ASCII, as `ath` and thumbprints have it."""
    return checksums.s256(text.encode())


def check_type(proof: Proof) -> None:
    """4.3: "The typ JOSE Header Parameter has the value dpop+jwt." RFC 7515 4.1.11: what is critical must be known."""
    if proof.header.get("typ") != "dpop+jwt" or "crit" in proof.header:
        refuse("another type, or something critical")


def check_algorithm(proof: Proof, algorithms: Collection[str]) -> None:
    """4.3: "a registered asymmetric digital signature algorithm, is not none, is supported by the application"."""
    algorithm = proof.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or algorithm not in algorithms:
        refuse("algorithm")


def check_key(proof: Proof) -> None:
    """4.3: "The jwk JOSE Header Parameter does not contain a private key." And it is one for this algorithm."""
    jwk = proof.header.get("jwk")
    if not isinstance(jwk, dict) or client_keys.PRIVATE_MEMBERS & jwk.keys():
        refuse("no public key")
    fitting = ALGORITHMS[proof.header["alg"]]
    if any(jwk.get(name) != value for name, value in fitting.items()):
        refuse("a key of another kind than the algorithm")
    if not all(isinstance(jwk.get(name), str) and BASE64URL.fullmatch(jwk[name]) for name in MEMBERS[fitting["kty"]]):
        refuse("a key with a member missing or malformed")
    if fitting["kty"] == "RSA" and not (bits(jwk["n"]) in RSA_BITS and 1 < bits(jwk["e"]) <= LONGEST_EXPONENT):
        refuse("an RSA key of a length that is not accepted")


def bits(encoded: str) -> int:
    """Of a number (RFC 7518 2, Base64urlUInt); 0 for what is none."""
    try:
        return int.from_bytes(base64url_bytes(encoded)).bit_length()
    except ValueError:
        return 0


def check_signature(proof: Proof) -> None:
    """4.3: "The JWT signature verifies with the public key contained in the jwk JOSE Header Parameter."""
    name = proof.header["alg"]
    algorithm = jwt.get_algorithm_by_name(client_keys.FORMER_NAMES.get(name, name))
    try:
        is_signed = algorithm.verify(proof.signed, algorithm.from_jwk(proof.jwk), proof.signature)
    except (jwt.PyJWTError, ValueError) as problem:
        raise errors.InvalidDPoPProof(detail=f"key: {problem!r}"[:200]) from problem
    if not is_signed:
        refuse("signature")


def check_claims(proof: Proof) -> None:
    """4.3: "All required claims per Section 4.2 are contained in the JWT", each of the type it must have."""
    jti, issued_at, nonce = proof.claims.get("jti"), proof.claims.get("iat"), proof.claims.get("nonce", "")
    if not isinstance(jti, str) or not jti or not jti.isprintable():
        refuse("jti")
    # True is a number to Python; NaN and what no clock shows are none of this range.
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float) or not 0 < issued_at < LATEST:
        refuse("iat")
    if not isinstance(nonce, str):
        refuse("nonce")


def check_method(proof: Proof, request: HttpRequest) -> None:
    """4.3: "The htm claim matches the HTTP method of the current request", in its very letters (RFC 9110 9.1)."""
    if proof.claims.get("htm") != request.method:
        refuse("htm")


def check_address(proof: Proof, request: HttpRequest) -> None:
    """4.3: "The htu claim matches the HTTP URI value for the HTTP request in which the JWT was received, ignoring any
    query and fragment parts."""
    htu = proof.claims.get("htu")
    address = http_uris.normalized(htu) if isinstance(htu, str) else None
    if address is None or address not in map(http_uris.normalized, http_uris.of(request)):
        refuse("htu")


def check_time(proof: Proof) -> None:
    """4.3: "If the server provided a nonce value to the client, the nonce claim matches", and "The creation time of the
    JWT, as determined by either the iat claim or a server managed timestamp via the nonce claim, is within an
    acceptable window"."""
    nonce = proof.claims.get("nonce", "")
    if nonce and dpop_nonces.is_fresh(nonce):
        return
    if nonce or settings.DPOP_NONCE_REQUIRED:
        raise errors.UseDPoPNonce
    if not -PAST <= proof.claims["iat"] - time.time() <= AHEAD:
        refuse("iat is not recent")


def check_access_token(proof: Proof, access_token: str) -> None:
    """4.3: "If presented to a protected resource in conjunction with an access token, ensure that the value of the ath
    claim equals the hash of that access token."""
    if access_token and proof.claims.get("ath") != base64url_digest(access_token):
        refuse("ath")


def claim(proof: Proof) -> None:
    """RFC 9449 11.1: once in the context of its address, for as long as it would be good. Of two at once one wins."""
    named = f"{proof.thumbprint} {http_uris.normalized(proof.claims['htu'])} {proof.claims['jti']}"
    use = checksums.checksum(named, checksums.DPOP_PROOF)
    try:
        with transaction.atomic():
            DPoPProofUse.objects.create(checksum=use, expires_at=timezone.now() + REMEMBERED)
    except IntegrityError:
        raise errors.InvalidDPoPProof(detail="replayed") from None


def nonce_header(request: HttpRequest) -> dict[str, str]:
    """RFC 9449 8.2: the next nonce, told to everybody who uses DPoP."""
    return {"DPoP-Nonce": dpop_nonces.current()} if is_sent(request) else {}
