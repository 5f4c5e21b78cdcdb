"""Implicit, Client Credentials and Resource Owner."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.playground import walk
from tests.playground.peer import SECRET, Peer, Reply, encode, query_of

CALLBACK = "/playground2/oauth2client"


def _fragment(visitor: Client, peer: Peer, scope: str = "photos:read", **changes: str) -> str:
    answer = peer.approve(walk.ask(visitor, peer, grant_type="implicit", scope=scope)["Location"])
    return encode({name: value for name, value in (answer | changes).items() if value})


@pytest.mark.parametrize(("scope", "expected"), [("photos:read", "token"), ("photos:read openid", "id_token token")])
def test_implicit_asks_for_the_token_itself(visitor: Client, peer: Peer, scope: str, expected: str) -> None:
    query = query_of(walk.ask(visitor, peer, grant_type="implicit", scope=scope)["Location"])

    assert query["response_type"] == expected
    assert "code_challenge" not in query


def test_callback_of_implicit_hands_the_fragment_over_by_script(visitor: Client, peer: Peer) -> None:
    _fragment(visitor, peer)

    page = visitor.get(CALLBACK)
    assert "data-fragment" in page.content.decode()
    assert "The Implicit grant needs JavaScript" in page.content.decode()


def test_fragment_becomes_a_token(visitor: Client, peer: Peer) -> None:
    page = visitor.post("/playground2/fragment", {"fragment": _fragment(visitor, peer)}, follow=True)

    assert page.redirect_chain == [("/playground2/token", 303)]
    assert "came with step 2" in walk.words(page)
    assert "Refresh Token none" in walk.words(page)
    assert "lake at dawn" in walk.words(visitor.get("/playground2/photos"))


def test_id_token_of_implicit_is_verified(visitor: Client, peer: Peer) -> None:
    fragment = _fragment(visitor, peer, scope="photos:read openid")

    page = visitor.post("/playground2/fragment", {"fragment": fragment}, follow=True)
    assert "verified: signature, issuer, audience and nonce" in walk.words(page)


def test_id_token_of_implicit_must_name_its_access_token(visitor: Client, peer: Peer) -> None:
    peer.id_claims = {"at_hash": None}
    fragment = _fragment(visitor, peer, scope="photos:read openid")

    page = visitor.post("/playground2/fragment", {"fragment": fragment}, follow=True)
    assert "its at_hash does not fit the access token" in walk.words(page)


@pytest.mark.parametrize("state", ["", "wrong"])
def test_fragment_with_another_state_is_refused(visitor: Client, peer: Peer, state: str) -> None:
    page = visitor.post("/playground2/fragment", {"fragment": _fragment(visitor, peer, state=state)})

    assert page.status_code == 400
    assert visitor.session["attempt"]["token"] is None


def test_fragment_works_once(visitor: Client, peer: Peer) -> None:
    fragment = _fragment(visitor, peer)
    visitor.post("/playground2/fragment", {"fragment": fragment})

    page = visitor.post("/playground2/fragment", {"fragment": fragment})
    assert "a state works once" in walk.words(page)


def test_denial_of_implicit_is_told(visitor: Client, peer: Peer) -> None:
    state = peer.approve(walk.ask(visitor, peer, grant_type="implicit")["Location"])["state"]

    fragment = encode({"error": "access_denied", "state": state})
    page = visitor.post("/playground2/fragment", {"fragment": fragment}, follow=True)
    assert "The request was denied" in walk.words(page)


@pytest.mark.parametrize("fragment", ["", "&" * 200, "a=1&" * 60, "%zz"])
def test_odd_fragment_is_refused_in_words(visitor: Client, peer: Peer, fragment: str) -> None:
    _fragment(visitor, peer)

    page = visitor.post("/playground2/fragment", {"fragment": fragment})
    assert page.status_code == 400
    assert "carries no state" in walk.words(page) or "names a parameter twice" in walk.words(page)


def test_fragment_needs_the_csrf_token(visitor: Client, peer: Peer) -> None:
    fragment = _fragment(visitor, peer)
    visitor.handler.enforce_csrf_checks = True

    assert visitor.post("/playground2/fragment", {"fragment": fragment}).status_code == 403


def test_client_credentials_lead_straight_to_the_token(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, scope="photos:read")

    (request,) = peer.asked("/oauth2/token")
    assert page.redirect_chain == [("/playground2/token", 303)]
    assert request.fields == {"grant_type": "client_credentials", "scope": "photos:read"}
    assert request.headers["Authorization"].startswith("Basic ")
    assert "no browser needed" in walk.words(page)
    assert SECRET not in page.content.decode()


def test_resource_owner_leads_straight_to_the_token(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, grant_type="password", username="bob", password="bob-password")

    assert page.redirect_chain == [("/playground2/token", 303)]
    assert "held on the server" in walk.words(page)
    assert "lake at dawn" in walk.words(visitor.get("/playground2/photos"))


def test_password_is_kept_nowhere(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, grant_type="password", username="bob", password="bob-password")

    assert "bob-password" not in page.content.decode()
    assert "bob-password" not in str(dict(visitor.session))


def test_wrong_password_keeps_what_was_typed(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, grant_type="password", username="bob", password="not-the-one")

    assert page.redirect_chain == [("/playground2/import", 303)]
    assert "The user name or password is wrong" in walk.words(page)
    assert 'value="bob"' in page.content.decode()
    assert '<option value="password" selected>' in page.content.decode()
    assert "not-the-one" not in page.content.decode()


def test_wrong_client_secret_is_told_beside_the_form(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, client_secret="not-the-secret")

    assert "does not accept the client id and secret" in walk.words(page)
    assert "Held on the server" not in walk.words(page)
    assert "not-the-secret" not in page.content.decode()


def test_token_endpoint_that_fails_can_be_asked_again(visitor: Client, peer: Peer) -> None:
    peer.says["/oauth2/token"] = Reply(503, b"")
    page = walk.by_server(visitor, peer)
    peer.says.clear()

    again = walk.by_server(visitor, peer, client_secret="")
    assert "failed with status 503" in walk.words(page)
    assert "Access Token" in walk.words(again)


@pytest.mark.parametrize(
    ("home", "sentence"),
    [("http://localhost:8080", "http://127.0.0.1:1 cannot be reached"), ("https://a.example", "must begin with https")],
)
def test_only_on_the_visitor_s_own_machine_is_anything_asked_without_tls(
    visitor: Client, peer: Peer, settings: Settings, home: str, sentence: str
) -> None:
    settings.PLAYGROUND_URL = f"{home}/playground2"

    page = walk.by_server(visitor, peer, token_endpoint="http://127.0.0.1:1/quit")

    assert sentence in walk.words(page)
