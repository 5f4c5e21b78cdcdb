"""Step 1: the form and the redirect to the authorize endpoint."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from django.test import Client

from tests.playground import walk
from tests.playground.peer import CLIENT_ID, SECRET, Peer, query_of


@pytest.mark.parametrize("path", ["/playground2", "/playground2/"])
def test_home_leads_to_the_form(visitor: Client, path: str) -> None:
    page = visitor.get(path)

    assert page.status_code == 200
    assert '<a class="btn btn-primary" href="/playground2/import">Import Photos</a>' in page.content.decode()


def test_root_redirects_to_home(visitor: Client) -> None:
    assert visitor.get("/")["Location"] == "/playground2"


def test_health_answers_ok(visitor: Client) -> None:
    page = visitor.get("/playground2/health", headers={"host": "127.0.0.1"})

    assert (page.status_code, page.content) == (200, b"ok")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Authorization Grant Type", "grant_type"),
        ("Client Id", "client_id"),
        ("Scope", "scope"),
        ("Callback URL", "callback_url"),
        ("Authorize Endpoint", "authorize_endpoint"),
        ("Access Token Endpoint", "token_endpoint"),
        ("Client Secret", "client_secret"),
        ("Resource Owner User Name", "username"),
        ("Resource Owner Password", "password"),
        ("Use PKCE (S256)", "use_pkce"),
    ],
)
def test_every_field_has_its_label_and_is_there_without_javascript(visitor: Client, label: str, name: str) -> None:
    page = visitor.get("/playground2/import").content.decode()

    assert f'for="id_{name}">{label}</label>' in page
    assert f'id="id_{name}_helptext"' in page


def test_form_is_prefilled_with_callback_and_endpoint(visitor: Client, peer: Peer) -> None:
    page = visitor.get("/playground2/import").content.decode()

    assert 'value="http://localhost:8080/playground2/oauth2client"' in page
    assert f'value="{peer.base}/oauth2/authorize"' in page
    assert 'name="use_pkce"' in page
    assert "checked" in page


def test_authorize_redirects_with_everything_the_server_needs(visitor: Client, peer: Peer) -> None:
    answer = walk.ask(visitor, peer)

    query = query_of(answer["Location"])
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{peer.base}/oauth2/authorize?")
    assert (query["response_type"], query["client_id"], query["scope"]) == ("code", CLIENT_ID, "photos:read openid")
    assert query["redirect_uri"] == "http://localhost:8080/playground2/oauth2client"
    assert len(query["state"]) >= 40
    assert len(query["nonce"]) >= 30


def test_challenge_is_the_hash_of_a_verifier_that_stays_on_the_server(visitor: Client, peer: Peer) -> None:
    query = query_of(walk.ask(visitor, peer)["Location"])

    verifier = visitor.session["attempt"]["code_verifier"]
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert (query["code_challenge"], query["code_challenge_method"]) == (digest, "S256")
    assert verifier not in visitor.cookies.output()


def test_pkce_can_be_switched_off(visitor: Client, peer: Peer) -> None:
    query = query_of(walk.ask(visitor, peer, use_pkce="")["Location"])

    assert "code_challenge" not in query
    assert "code_challenge_method" not in query


def test_state_and_challenge_are_new_for_each_attempt(visitor: Client, peer: Peer) -> None:
    first, second = (query_of(walk.ask(visitor, peer)["Location"]) for _ in range(2))

    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_nonce_is_sent_only_for_openid(visitor: Client, peer: Peer) -> None:
    query = query_of(walk.ask(visitor, peer, scope="photos:read")["Location"])

    assert "nonce" not in query


def test_query_of_the_authorize_endpoint_is_kept(visitor: Client, peer: Peer) -> None:
    answer = walk.ask(visitor, peer, authorize_endpoint="https://localhost:8243/authorize?tenant=a%20b")

    assert query_of(answer["Location"])["tenant"] == "a b"
    assert answer["Location"].startswith("https://localhost:8243/authorize?")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("client_id", " ", "Enter the Consumer Key"),
        ("client_id", "schlüssel", "only plain letters"),
        ("client_id", "k" * 300, "at most 255 characters"),
        ("scope", 'photos"read', "no quotes"),
        ("callback_url", " ", "Enter the Callback URL"),
        ("callback_url", "/oauth2client", "must be a full http or https address"),
        ("callback_url", "javascript:alert(1)", "must be a full http or https address"),
        ("callback_url", "http://localhost/#part", "must not have a fragment"),
        ("authorize_endpoint", " ", "Enter the Authorize Endpoint"),
        ("authorize_endpoint", "ftp://localhost/authorize", "must be a full http or https address"),
        ("authorize_endpoint", "https://localhost:99999/", "must be a full http or https address"),
        ("authorize_endpoint", "https://[::1/authorize", "must be a full http or https address"),
        ("authorize_endpoint", "https://local host/", "must be a full http or https address"),
        ("grant_type", "device", "Choose a grant type from the list"),
    ],
)
def test_bad_field_gets_a_sentence_in_its_place(
    visitor: Client, peer: Peer, name: str, value: str, sentence: str
) -> None:
    page = walk.ask(visitor, peer, **{name: value})

    error = page.content.decode().partition(f'id="id_{name}_error"')[2].partition("</p>")[0]
    assert page.status_code == 422
    assert sentence in error
    assert 'aria-invalid="true"' in page.content.decode()


def test_nothing_typed_is_lost_when_a_field_is_bad(visitor: Client, peer: Peer) -> None:
    page = walk.ask(visitor, peer, callback_url="nowhere", scope="photos:read email").content.decode()

    assert f'value="{CLIENT_ID}"' in page
    assert 'value="photos:read email"' in page
    assert 'value="nowhere"' in page


def test_typed_secret_is_held_on_the_server_when_a_field_is_bad(visitor: Client, peer: Peer) -> None:
    page = walk.by_server(visitor, peer, client_id=" ")

    again = walk.by_server(visitor, peer, client_secret="")
    assert SECRET not in page.content.decode()
    assert "Held on the server since your last try" in walk.words(page)
    assert "Access Token" in walk.words(again)


def test_fields_of_another_grant_type_are_not_looked_at(visitor: Client, peer: Peer) -> None:
    answer = walk.ask(visitor, peer, token_endpoint="nonsense", username="é")

    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_secret": ""}, "Client Credentials works only with one"),
        ({"token_endpoint": ""}, "Enter the Access Token Endpoint"),
        ({"token_endpoint": "http://example.com/token"}, "must begin with https"),
        ({"token_endpoint": "https://bob:word@localhost/token"}, "must be a full http or https address"),
        ({"grant_type": "password", "username": "", "password": "x"}, "Enter the user name"),
        ({"grant_type": "password", "username": "bob", "password": ""}, "Type the password"),
    ],
)
def test_what_a_server_side_grant_needs_is_asked_for(
    visitor: Client, peer: Peer, changes: dict[str, str], sentence: str
) -> None:
    page = walk.by_server(visitor, peer, **changes)

    assert page.status_code == 422
    assert sentence in walk.words(page)
    assert peer.received == []


def test_form_needs_the_csrf_token(db: None, peer: Peer) -> None:
    stranger = Client(enforce_csrf_checks=True, headers={"host": "localhost:8080"})

    page = walk.ask(stranger, peer)
    assert page.status_code == 403
    assert "Open the form again" in walk.words(page)


def test_typed_values_come_back_when_asking_again(visitor: Client, peer: Peer) -> None:
    walk.ask(visitor, peer, scope="photos:write", use_pkce="")

    page = visitor.get("/playground2/import").content.decode()
    assert 'value="photos:write"' in page
    assert "checked" not in page


def test_other_host_name_is_sent_to_the_one_of_the_cookie(visitor: Client) -> None:
    answer = visitor.get("/playground2/import?a=b", headers={"host": "127.0.0.1:8080"})

    assert answer["Location"] == "http://localhost:8080/playground2/import?a=b"


@pytest.mark.parametrize("path", ["/playground2/nowhere", "/nowhere"])
def test_unknown_address_says_so(visitor: Client, path: str) -> None:
    page = visitor.get(path)

    assert page.status_code == 404
    assert "There is no page at this address" in walk.words(page)


@pytest.mark.parametrize("path", ["refresh", "revoke", "start-over", "fragment"])
def test_address_of_a_button_opened_by_hand_says_so(visitor: Client, path: str) -> None:
    page = visitor.get(f"/playground2/{path}")

    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "only when its button is pressed" in walk.words(page)


def test_every_page_forbids_foreign_content_and_storing(visitor: Client) -> None:
    page: Any = visitor.get("/playground2/import")

    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "img-src 'self'" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store"
    assert page["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", ["playground/playground.css", "js-lib-bootstrap5/css/bootstrap.min.css"])
def test_static_files_are_served_without_collecting(visitor: Client, name: str) -> None:
    answer: Any = visitor.get(f"/playground2/static/{name}")

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)


def test_session_cookie_is_out_of_reach_of_scripts(visitor: Client, peer: Peer) -> None:
    walk.ask(visitor, peer)

    cookie = visitor.cookies["playground-session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/playground2")
