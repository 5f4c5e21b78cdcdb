"""Step 2: the redirection endpoint."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.playground import walk
from tests.playground.peer import Peer, encode

CALLBACK = "/playground2/oauth2client"


def test_code_is_taken_in_and_the_address_is_clean(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])

    back = visitor.get(f"{CALLBACK}?{encode(answer)}")
    assert (back.status_code, back["Location"]) == (303, "/playground2/code")


def test_page_shows_the_code_and_asks_for_the_secret(visitor: Client, peer: Peer) -> None:
    page = walk.come_back(visitor, peer)

    html = page.content.decode()
    assert 'for="authorization-code">Authorization Code</label>' in html
    assert f'value="{visitor.session["attempt"]["code"]}"' in html
    assert 'for="callback-url">Callback URL</label>' in html
    assert f'value="{peer.base}/oauth2/token"' in html
    assert 'type="password" name="client_secret"' in html
    assert "Get Access Token</button>" in html


def test_chips_say_how_far_the_attempt_has_come(visitor: Client, peer: Peer) -> None:
    page = walk.come_back(visitor, peer).content.decode()

    assert '<span class="chip">302</span>' in page
    assert '<span class="chip">state matched</span>' in page
    assert "response_type, client_id, scope, redirect_uri, state" in page


@pytest.mark.parametrize("state", [None, "", "wrong", "ünïcode"])
def test_wrong_or_missing_state_keeps_nothing(visitor: Client, peer: Peer, state: str | None) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])
    del answer["state"]

    page = visitor.get(f"{CALLBACK}?{encode(answer | ({} if state is None else {'state': state}))}")
    assert page.status_code == 400
    assert "state" in walk.words(page)
    assert "Nothing was kept" in walk.words(page)
    assert visitor.session["attempt"]["code"] == ""


def test_forged_answer_does_not_spoil_the_true_one(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])
    visitor.get(f"{CALLBACK}?code=stolen&state=forged")

    page = visitor.get(f"{CALLBACK}?{encode(answer)}", follow=True)
    assert "Authorization Code" in walk.words(page)


def test_state_works_once(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])
    visitor.get(f"{CALLBACK}?{encode(answer)}")

    page = visitor.get(f"{CALLBACK}?{encode(answer | {'code': 'another'})}")
    assert page.status_code == 400
    assert "a state works once" in walk.words(page)
    assert visitor.session["attempt"]["code"] == answer["code"]


def test_state_of_an_earlier_attempt_is_refused(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])
    walk.ask(visitor, peer)

    page = visitor.get(f"{CALLBACK}?{encode(answer)}")
    assert page.status_code == 400
    assert "another attempt" in walk.words(page)


def test_answer_without_a_session_is_explained(visitor: Client, peer: Peer) -> None:
    page = visitor.get(f"{CALLBACK}?code=a&state=b")

    assert page.status_code == 410
    assert "the session has ended" in walk.words(page)
    assert "Back to the form" in walk.words(page)


def test_denial_is_told_in_plain_words(visitor: Client, peer: Peer) -> None:
    state = peer.approve(walk.ask(visitor, peer)["Location"])["state"]
    error = {"error": "access_denied", "error_description": "bob said no <b>", "state": state}

    page = visitor.get(f"{CALLBACK}?{encode(error)}", follow=True)
    assert page.redirect_chain == [("/playground2/code", 303)]
    assert "The request was denied" in walk.words(page)
    assert "bob said no &lt;b&gt;" in page.content.decode()
    assert "access_denied" in walk.words(page)
    assert "Get Access Token</button>" not in page.content.decode()


def test_unknown_error_code_is_shown_as_it_is(visitor: Client, peer: Peer) -> None:
    state = peer.approve(walk.ask(visitor, peer)["Location"])["state"]

    page = visitor.get(f"{CALLBACK}?{encode({'error': 'moon_phase', 'state': state})}", follow=True)
    assert "answered with the error “moon_phase”" in walk.words(page)


def test_foreign_issuer_throws_the_code_away(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])

    page = visitor.get(f"{CALLBACK}?{encode(answer | {'iss': 'https://evil.example'})}", follow=True)
    assert "https://evil.example" in walk.words(page)
    assert visitor.session["attempt"]["code"] == ""


def test_answer_without_an_issuer_is_taken(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])
    del answer["iss"]

    page = visitor.get(f"{CALLBACK}?{encode(answer)}", follow=True)
    assert "Get Access Token</button>" in page.content.decode()


def test_repeated_parameter_is_refused(visitor: Client, peer: Peer) -> None:
    answer = peer.approve(walk.ask(visitor, peer)["Location"])

    page = visitor.get(f"{CALLBACK}?{encode(answer)}&code=second")
    assert page.status_code == 400
    assert "names a parameter twice" in walk.words(page)


def test_answer_with_neither_code_nor_error_says_so(visitor: Client, peer: Peer) -> None:
    state = peer.approve(walk.ask(visitor, peer)["Location"])["state"]

    page = visitor.get(f"{CALLBACK}?state={state}", follow=True)
    assert "carries neither a code nor an error" in walk.words(page)


def test_page_before_the_answer_says_that_it_waits(visitor: Client, peer: Peer) -> None:
    walk.ask(visitor, peer)

    page = visitor.get("/playground2/code")
    assert "has not come back yet" in walk.words(page)
    assert "Ask again" in walk.words(page)
