"""Step 3: the code becomes a token, on the server."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from tests.playground import walk
from tests.playground.peer import CLIENT_ID, SECRET, Peer, Reply, json_reply

TOKEN = "/oauth2/token"


def test_code_becomes_a_token(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    assert page.redirect_chain == [("/playground2/token", 303)]
    assert "Access Token" in walk.words(page)
    assert "photos:read openid" in walk.words(page)
    assert "in 59:5" in walk.words(page) or "in 1:00:00" in walk.words(page)
    assert "held on the server" in walk.words(page)


def test_request_is_the_one_of_the_standard(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    (request,) = peer.asked(TOKEN)
    basic = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert basic == "photo_printer%2Bkey+a:s3cret%3Awith%25signs%2Band+blanks"
    assert set(request.fields) == {"grant_type", "code", "redirect_uri", "code_verifier"}


def test_verifier_is_left_out_without_pkce(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer, use_pkce="")

    assert "code_verifier" not in peer.asked(TOKEN)[0].fields
    assert "held on the server" in walk.words(page)


def test_public_client_names_itself_and_sends_no_secret(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer, client_id="public")

    page = walk.exchange(visitor, peer, secret="")
    (request,) = peer.asked(TOKEN)
    assert "Authorization" not in request.headers
    assert request.fields["client_id"] == "public"
    assert "held on the server" in walk.words(page)


def test_chip_tells_status_and_time(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer).content.decode()

    assert '<span class="chip">200 in ' in page
    assert "POST " in page


def test_absent_refresh_token_is_said_so(visitor: Client, peer: Peer) -> None:
    peer.gives_refresh_token = False

    page = walk.get_token(visitor, peer)
    assert "Refresh Token none" in walk.words(page)
    assert "Refresh</button>" not in page.content.decode()


def test_token_is_masked_and_can_be_decoded(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    token = visitor.session["attempt"]["token"]["access_token"]
    assert f"{token[:24]}…{token[-6:]}" in walk.words(page)
    assert '"typ": "at+jwt"' in walk.words(page)
    assert '"sub": "bob"' in walk.words(page)


def test_opaque_token_is_called_opaque(visitor: Client, peer: Peer) -> None:
    peer.says[TOKEN] = json_reply(200, {"access_token": "0123456789abcdef0123", "token_type": "bearer"})

    page = walk.get_token(visitor, peer, scope="photos:read")
    assert "It is opaque" in walk.words(page)
    assert "the server did not say" in walk.words(page)
    assert "photos:read" in walk.words(page)


def test_secret_is_in_no_page_address_or_cookie(visitor: Client, peer: Peer) -> None:
    pages = [walk.come_back(visitor, peer), walk.exchange(visitor, peer)]
    pages += [visitor.get(f"/playground2/{name}") for name in ("token", "photos", "userinfo", "code", "import")]
    pages += [visitor.post("/playground2/refresh", follow=True), visitor.post("/playground2/revoke", follow=True)]

    shown = visitor.cookies.output() + "".join(page.content.decode() + str(page.headers) for page in pages)
    kept_secret = [SECRET, "s3cret", peer.asked(TOKEN)[0].headers["Authorization"].removeprefix("Basic ")]
    kept_secret += [peer.asked(TOKEN)[0].fields["code_verifier"], peer.asked(TOKEN)[1].fields["refresh_token"]]
    assert [secret for secret in kept_secret if secret in shown] == []


def test_secret_echoed_by_the_server_is_not_shown(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)
    peer.says[TOKEN] = json_reply(400, {"error": "invalid_request", "error_description": f"bad secret {SECRET}"})

    page = walk.exchange(visitor, peer)
    assert SECRET not in page.content.decode()
    assert "s3cret" not in page.content.decode()
    assert "bad secret •••" in walk.words(page)


def test_secret_is_kept_on_the_server_and_said_so(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    assert visitor.session["attempt"]["client_secret"] == SECRET
    assert "kept on this site's server for Refresh and Revoke" in walk.words(page)


def test_wrong_secret_can_be_corrected(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)

    page = walk.exchange(visitor, peer, secret="wrong-secret")
    assert "does not accept the client id and secret" in walk.words(page)
    assert "Unknown client or wrong secret" in walk.words(page)
    assert "wrong-secret" not in page.content.decode()
    assert "held on the server" in walk.words(walk.exchange(visitor, peer))


def test_dead_code_leads_back_to_the_form(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)
    peer.codes.clear()

    page = walk.exchange(visitor, peer)
    assert "not valid any more" in walk.words(page)
    assert "Ask again" in walk.words(page)
    assert "Get Access Token</button>" not in page.content.decode()


def test_second_click_keeps_the_first_token(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    first = visitor.session["attempt"]["token"]["access_token"]

    page = walk.exchange(visitor, peer)
    assert "This code was already used" in walk.words(page)
    assert visitor.session["attempt"]["token"]["access_token"] == first
    assert len(peer.asked(TOKEN)) == 1


@pytest.mark.django_db(transaction=True)
def test_second_click_while_the_first_is_under_way_waits_for_it(peer: Peer) -> None:
    visitor = Client(headers={"host": "localhost:8080"})
    walk.come_back(visitor, peer, scope="photos:read")
    peer.says[TOKEN] = json_reply(200, {"access_token": "only-one-token-abcdef", "token_type": "Bearer"})
    peer.says[TOKEN].delay = 0.4

    pages = _click_twice(visitor, peer)
    assert len(peer.asked(TOKEN)) == 1
    assert sum("This code was already used" in page for page in pages) == 1
    assert all("Access Token only-" in page for page in pages)


def _click_twice(visitor: Client, peer: Peer) -> list[str]:
    pages: list[str] = []
    clicks = [threading.Thread(target=_click, args=(visitor, peer, pages)) for _ in range(2)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    return pages


def _click(visitor: Client, peer: Peer, pages: list[str]) -> None:
    twin = Client(headers={"host": "localhost:8080"})
    twin.cookies["playground-session"] = visitor.cookies["playground-session"].value
    pages.append(walk.words(walk.exchange(twin, peer)))
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_start_over_while_the_call_is_under_way_brings_nothing_back(peer: Peer) -> None:
    visitor = Client(headers={"host": "localhost:8080"})
    walk.come_back(visitor, peer, scope="photos:read")
    key = visitor.cookies["playground-session"].value
    reply = json_reply(200, {"access_token": "late-token-abcdef", "token_type": "Bearer"})
    peer.says[TOKEN] = reply
    reply.before = lambda: _start_over(key)

    page = walk.exchange(visitor, peer)
    assert page.status_code == 410
    assert "you started over" in walk.words(page)
    assert visitor.get("/playground2/token").status_code == 410


def _start_over(key: str) -> None:
    other_tab = Client(headers={"host": "localhost:8080"})
    other_tab.cookies["playground-session"] = key
    other_tab.post("/playground2/start-over")
    connections.close_all()


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(200, b"<html>sign in</html>", {"Content-Type": "text/html"}), "no token in JSON"),
        (Reply(200, b"[1, 2]", {"Content-Type": "application/json"}), "no token in JSON"),
        (Reply(200, b"\xff\xfe\x00"), "no token in JSON"),
        (Reply(302, b"", {"Location": "https://elsewhere.example/"}), "answered with status 302"),
        (Reply(404, b"not here"), "answered with status 404"),
        (Reply(503, b"am:fault"), "failed with status 503"),
        (json_reply(200, {"token_type": "Bearer"}), "no usable access token"),
        (json_reply(200, {"access_token": "a\r\nb"}), "no usable access token"),
        (json_reply(200, {"access_token": ["a"]}), "no usable access token"),
        (json_reply(200, {"access_token": "abc", "token_type": "mac"}), "not a Bearer token"),
        (json_reply(400, {"error": "unauthorized_client"}), "may not use this grant type"),
        (json_reply(400, {"error": "unsupported_grant_type"}), "does not offer this grant type"),
        (json_reply(400, {"error": {"not": "text"}}), "answered with status 400"),
        (Reply(200, b"x" * 1_100_000), "sent more than expected"),
    ],
)
def test_odd_answer_of_the_token_endpoint_is_told(visitor: Client, peer: Peer, reply: Reply, sentence: str) -> None:
    walk.come_back(visitor, peer)
    peer.says[TOKEN] = reply

    page = walk.exchange(visitor, peer)
    assert page.status_code == 200
    assert sentence in walk.words(page)
    assert "Get Access Token</button>" in page.content.decode()


def test_failed_call_can_be_repeated_without_typing_the_secret_again(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)
    peer.says[TOKEN] = Reply(503, b"")
    page = walk.exchange(visitor, peer)
    peer.says.clear()

    again = walk.exchange(visitor, peer, secret="")
    assert "Held on the server" in walk.words(page)
    assert "held on the server" in walk.words(again)


def test_token_endpoint_that_is_down_is_told(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)

    page = visitor.post(
        "/playground2/code", {"token_endpoint": "https://localhost:9/token", "client_secret": SECRET}, follow=True
    )
    assert "https://localhost:9 cannot be reached" in walk.words(page)
    assert 'value="https://localhost:9/token"' in page.content.decode()


def test_untrusted_certificate_stops_the_call(visitor: Client, peer: Peer, other_authority: Any, settings: Any) -> None:
    walk.come_back(visitor, peer)
    settings.PLAYGROUND_CA_FILE = other_authority.file

    page = walk.exchange(visitor, peer)
    assert f"The certificate of {peer.base} is not trusted, so nothing was sent" in walk.words(page)
    assert peer.asked(TOKEN) == []


def test_missing_ca_file_stops_the_call(visitor: Client, peer: Peer, settings: Any, tmp_path: Any) -> None:
    walk.come_back(visitor, peer)
    settings.PLAYGROUND_CA_FILE = str(tmp_path / "none.pem")

    page = walk.exchange(visitor, peer)
    assert "file with the trusted certificates is missing" in walk.words(page)


def test_http_where_https_was_asked_for_is_told_as_such(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)

    page = _exchange_at(visitor, "https", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    assert "does not speak TLS" in walk.words(page)
    assert "begin with http://" in walk.words(page)
    assert "PLAYGROUND_CA_FILE" not in walk.words(page)


def test_https_where_http_was_asked_for_is_told_as_such(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)

    page = _exchange_at(visitor, "http", b"\x15\x03\x03\x00\x02\x02\x22")  # TLS: alert, fatal, unexpected

    assert "does not answer in HTTP" in walk.words(page)
    assert "begin with https://" in walk.words(page)
    assert "\x15" not in page.content.decode()


def _exchange_at(visitor: Client, scheme: str, answer: bytes) -> Any:
    """At a server that answers with these bytes, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer, args=(server, answer))
        thread.start()
        values = {"token_endpoint": f"{scheme}://localhost:{server.getsockname()[1]}/token", "client_secret": SECRET}
        page = visitor.post("/playground2/code", values, follow=True)
        thread.join()
    return page


def _answer(server: socket.socket, answer: bytes) -> None:
    asked, _ = server.accept()
    # What is closed with something unread is reset, and the answer may be lost, so it is read to the end. The other
    # side may have gone before that (ENOTCONN is no ConnectionError).
    with asked, suppress(OSError):
        asked.recv(4096)
        asked.sendall(answer)
        asked.shutdown(socket.SHUT_WR)
        while asked.recv(4096):
            pass


def test_certificate_for_another_name_stops_the_call(visitor: Client, peer: Peer) -> None:
    walk.come_back(visitor, peer)
    endpoint = f"{peer.base.replace('localhost', '127.0.0.1')}/oauth2/token"

    page = visitor.post("/playground2/code", {"token_endpoint": endpoint, "client_secret": SECRET}, follow=True)
    assert "The certificate of https://127.0.0.1" in walk.words(page)
    assert peer.asked(TOKEN) == []


def test_slow_server_is_told(visitor: Client, peer: Peer, settings: Any) -> None:
    walk.come_back(visitor, peer)
    settings.PLAYGROUND_TIMEOUT = 0.2
    peer.says[TOKEN] = Reply(200, b"{}", delay=0.6)

    page = walk.exchange(visitor, peer)
    assert "did not answer within 0.2 seconds" in walk.words(page)


@pytest.mark.parametrize("endpoint", ["", "token", "http://photos.example/token"])
def test_bad_token_endpoint_gets_a_sentence_in_its_place(visitor: Client, peer: Peer, endpoint: str) -> None:
    walk.come_back(visitor, peer)

    page = visitor.post("/playground2/code", {"token_endpoint": endpoint, "client_secret": SECRET})
    assert page.status_code == 422
    assert 'id="id_token_endpoint_error"' in page.content.decode()
    assert SECRET not in page.content.decode()
    assert "Held on the server" in walk.words(page)


def test_token_page_without_a_session_says_so(visitor: Client) -> None:
    for name in ("token", "code", "photos", "userinfo"):
        page = visitor.get(f"/playground2/{name}")

        assert page.status_code == 410
        assert "session has ended" in walk.words(page)


def test_back_button_to_the_code_page_leads_to_the_token(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    assert visitor.get("/playground2/code")["Location"] == "/playground2/token"


def test_client_id_is_shown_but_no_credentials(visitor: Client, peer: Peer) -> None:
    page = walk.get_token(visitor, peer)

    assert CLIENT_ID in walk.words(page)
    assert "Basic •••" in walk.words(page)
