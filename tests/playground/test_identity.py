"""OpenID Connect: the ID token is verified, UserInfo is about the same person."""

from __future__ import annotations

import html
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from tests.playground import walk
from tests.playground.peer import Peer, Reply, json_reply


def test_verified_claims_are_shown(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    assert "verified: signature, issuer, audience and nonce" in walk.words(page)
    assert f'"iss": "{peer.base}"' in walk.words(page)


def test_nothing_about_identity_without_openid(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer, scope="photos:read")

    assert "ID Token" not in walk.words(page)
    assert "Get UserInfo" not in walk.words(page)


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": "https://evil.example"}, "Invalid issuer"),
        ({"aud": "somebody-else"}, "Audience doesn't match"),
        ({"exp": int(time.time()) - 60}, "Signature has expired"),
        ({"nonce": "another"}, "its nonce is not the one that was sent"),
        ({"nonce": None}, "its nonce is not the one that was sent"),
        ({"at_hash": "AAAA"}, "its at_hash does not fit the access token"),
    ],
)
def test_wrong_claim_is_not_believed(visitor: Client, peer: Peer, claims: dict[str, Any], sentence: str) -> None:
    peer.id_claims = claims

    page = walk.get_token(visitor, peer)
    assert f"The ID token does not hold: {sentence}" in walk.words(page)
    assert "verified:" not in walk.words(page)


def test_foreign_signature_is_not_believed(visitor: Client, peer: Peer) -> None:
    peer.signing_key = ec.generate_private_key(ec.SECP256R1())

    page = walk.get_token(visitor, peer)
    assert "Signature verification failed" in walk.words(page)


def test_unsigned_token_is_not_believed(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ."
    answer = {"access_token": "abcdefabcdefabcdef", "token_type": "Bearer", "id_token": unsigned}
    peer.says["/oauth2/token"] = json_reply(200, answer)

    page = walk.exchange(visitor, peer)
    assert "the issuer publishes no key with its kid" in walk.words(page)


@pytest.mark.parametrize(
    ("path", "reply", "sentence"),
    [
        ("/oauth2/jwks", Reply(500, b""), "answered with status 500 and not with keys"),
        ("/oauth2/jwks", json_reply(200, {"keys": []}), "The ID token does not hold"),
        ("/oauth2/jwks", json_reply(200, {"keys": "none"}), "The ID token does not hold"),
        ("/.well-known/openid-configuration", Reply(200, b"<html>"), "and not with keys"),
        ("/.well-known/openid-configuration", json_reply(200, {"issuer": "x"}), "names another issuer"),
    ],
)
def test_keys_that_cannot_be_had_are_told(visitor: Client, peer: Peer, path: str, reply: Reply, sentence: str) -> None:
    peer.says[path] = reply

    page = walk.get_token(visitor, peer)
    assert sentence in walk.words(page)
    assert "Get Photos</button>" in page.content.decode()


def test_userinfo_is_shown(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    shown = visitor.get("/playground2/userinfo")
    assert "Get UserInfo</button>" in page.content.decode()
    assert "sub bob name Bob" in walk.words(shown)


def test_userinfo_is_shown_as_it_was_sent(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    claims = {"sub": "bob", "email_verified": False, "address": {"locality": "Köln"}}
    peer.says["/oauth2/userinfo"] = json_reply(200, claims)

    page = html.unescape(visitor.get("/playground2/userinfo").content.decode())

    assert '<dd class="mono">false</dd>' in page
    assert '<dd class="mono">{"locality": "Köln"}</dd>' in page


def test_userinfo_about_somebody_else_is_thrown_away(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says["/oauth2/userinfo"] = json_reply(200, {"sub": "charlie", "name": "Charlie"})

    page = visitor.get("/playground2/userinfo")
    assert "about somebody else than the ID token" in walk.words(page)
    assert '<h3 id="userinfo">' not in page.content.decode()


def test_userinfo_that_is_refused_is_told(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.tokens.clear()

    assert "expired or was revoked" in walk.words(visitor.get("/playground2/userinfo"))
