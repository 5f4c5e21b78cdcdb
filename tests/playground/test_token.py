"""With the token in hand: refresh, revoke, start over."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.models import Session
from django.test import Client

from tests.playground import walk
from tests.playground.peer import Peer, Reply, json_reply


def _post(visitor: Client, deed: str) -> Any:
    return visitor.post(f"/playground2/{deed}", follow=True)


def test_refresh_brings_a_new_token_and_forgets_the_old(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    before = visitor.session["attempt"]["token"]

    page = _post(visitor, "refresh")
    after = visitor.session["attempt"]["token"]
    assert "There is a new access token" in walk.words(page)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert peer.asked("/oauth2/token")[1].fields["grant_type"] == "refresh_token"


def test_refresh_token_is_kept_when_no_new_one_comes(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    before = visitor.session["attempt"]["token"]["refresh_token"]
    peer.gives_refresh_token = False

    _post(visitor, "refresh")
    assert visitor.session["attempt"]["token"]["refresh_token"] == before


def test_failed_refresh_keeps_the_token_there_is(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    before = visitor.session["attempt"]["token"]
    peer.refresh_tokens.clear()

    page = _post(visitor, "refresh")
    assert "not valid any more" in walk.words(page)
    assert "Get Photos" in walk.words(page)
    assert visitor.session["attempt"]["token"] == before


def test_refresh_without_a_refresh_token_says_so(visitor: Client, peer: Peer) -> None:
    peer.gives_refresh_token = False
    walk.get_token(visitor, peer)

    page = _post(visitor, "refresh")
    assert "There is no refresh token" in walk.words(page)


def test_refresh_for_another_person_is_not_believed(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.id_claims = {"sub": "charlie"}

    page = _post(visitor, "refresh")
    assert "its subject is not the person who approved" in walk.words(page)


def test_revoke_gives_both_tokens_back_and_forgets_them(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    page = _post(visitor, "revoke")
    hints = [request.fields["token_type_hint"] for request in peer.asked("/oauth2/revoke")]
    assert hints == ["refresh_token", "access_token"]
    assert "The token was given back" in walk.words(page)
    assert "Get Photos</button>" not in page.content.decode()
    assert visitor.session["attempt"]["token"] is None
    assert visitor.session["attempt"]["client_secret"] == ""


def test_revocation_is_shown_without_the_tokens(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    token = visitor.session["attempt"]["token"]

    page = _post(visitor, "revoke").content.decode()
    assert "Revocation of the refresh_token" in page
    assert token["access_token"] not in page
    assert token["refresh_token"] not in page


def test_failed_revocation_keeps_the_token(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says["/oauth2/revoke"] = Reply(503, b"")

    page = _post(visitor, "revoke")
    assert "The token was not revoked: the server answered with status 503" in walk.words(page)
    assert "Revoke</button>" in page.content.decode()


def test_refused_revocation_is_told(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says["/oauth2/revoke"] = json_reply(401, {"error": "invalid_client"})

    page = _post(visitor, "revoke")
    assert "does not accept the client id and secret" in walk.words(page)


def test_revoking_twice_says_that_nothing_is_left(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    _post(visitor, "revoke")

    page = _post(visitor, "revoke")
    assert page.status_code == 200
    assert "There is no token to revoke" in walk.words(page)


def test_start_over_leaves_nothing_on_the_server(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    page = _post(visitor, "start-over")
    assert page.redirect_chain == [("/playground2/import", 303)]
    assert not Session.objects.exists()
    assert "photo_printer" not in page.content.decode()
    assert "Start over</button>" not in page.content.decode()


def test_deeds_without_a_session_say_so(visitor: Client) -> None:
    for deed in ("refresh", "revoke", "code", "fragment"):
        page = _post(visitor, deed)

        assert page.status_code == 410
        assert "session has ended" in walk.words(page)


def test_expired_token_is_called_expired(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    session = visitor.session
    session["attempt"] |= {"token": session["attempt"]["token"] | {"expires_at": 1.0}}
    session.save()

    page = visitor.get("/playground2/token")
    assert "Expires expired" in walk.words(page)


def test_new_attempt_forgets_the_token_of_the_last(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    walk.ask(visitor, peer)

    assert visitor.get("/playground2/token")["Location"] == "/playground2/code"
    assert Session.objects.count() == 1
