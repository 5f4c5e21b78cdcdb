"""What only its client can read: ID tokens and userinfo, encrypted (OpenID Connect Core 2 and 5.3.2, RFC 7516)."""

from __future__ import annotations

from typing import Any

from jwcrypto import jwe, jwk

from keymanager import client_keys, errors
from keymanager.models import Client

ALGORITHMS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCODINGS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")


def for_client(client: Client, content: str, *, what: str = "id_token", is_signed: bool = True) -> str:
    """`content` as it is, or in a compact JWE for the client's key when the client registered an algorithm for `what`
    (`id_token` or `userinfo`).

    OpenID Connect Core 2: "If the ID Token is encrypted, it MUST be signed then encrypted, with the result being a
    Nested JWT". Userinfo need not be signed (5.3.2). InvalidClientMetadata when the client has no key for it.
    """
    algorithm = client.registered(f"{what}_encrypted_response_alg")
    if algorithm is None:
        return content
    key = key_of(client, algorithm)
    # Registration 1.0 2: "the default […] is A128CBC-HS256".
    encoding = client.registered(f"{what}_encrypted_response_enc") or ENCODINGS[0]
    header = {"alg": algorithm, "enc": encoding, "typ": "JWT"}
    header |= {"cty": "JWT"} if is_signed else {}
    header |= {"kid": key["kid"]} if isinstance(key.get("kid"), str) else {}
    token = jwe.JWE(content.encode(), protected=header)
    token.add_recipient(jwk.JWK(**public_half(key)))
    return str(token.serialize(compact=True))


def prepare(client: Client) -> None:
    """Has the client's key at hand: fetching it within a transaction would make others wait for a stranger's server."""
    if algorithm := client.registered("id_token_encrypted_response_alg"):
        key_of(client, algorithm)


def key_of(client: Client, algorithm: str) -> dict[str, Any]:
    try:
        return client_keys.encryption_key(client, alg=algorithm)
    except client_keys.UnusableKeys as fault:
        words = f"The application has published no key that fits {algorithm}, to encrypt to."
        raise errors.InvalidClientMetadata(words, detail=str(fault)) from None


def public_half(key: dict[str, Any]) -> dict[str, Any]:
    """What the key is, without what it says of its use: that was looked at."""
    return {name: key[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in key}
