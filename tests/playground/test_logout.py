"""Signing out: here, and at the server that signed the person in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import jwt
from django.test import Client

from playground import attempts
from tests.playground import walk
from tests.playground.peer import CLIENT_ID, Peer


def test_logout_leads_to_the_issuer_with_the_id_token(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    answer = visitor.post("/playground2/logout")

    query = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (303, f"{peer.base}/oauth2/logout")
    assert query["client_id"] == CLIENT_ID
    assert query["post_logout_redirect_uri"] == "http://localhost:8080/playground2"
    assert jwt.decode(query["id_token_hint"], options={"verify_signature": False})["sub"] == "bob"


def test_nothing_of_the_session_is_left_here(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    visitor.post("/playground2/logout")

    assert attempts.KEY not in visitor.session
    assert "Access Token" not in walk.words(visitor.get("/playground2/token", follow=True))


def test_without_an_id_token_there_is_nothing_to_sign_out_of(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer, scope="photos:read")

    assert "Logout" not in walk.words(page)
    assert visitor.post("/playground2/logout")["Location"] == "/playground2/token"


def test_with_one_there_is_a_button(visitor: Client, peer: Peer) -> None:
    assert "Logout" in walk.words(walk.get_token(visitor, peer))


def test_logging_out_needs_the_button(visitor: Client, peer: Peer) -> None:
    assert visitor.get("/playground2/logout").status_code == 405
