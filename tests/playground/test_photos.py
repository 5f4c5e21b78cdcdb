"""Step 4: albums and pictures of the person who approved, and of nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.playground import walk
from tests.playground.peer import PICTURE, Peer, Reply, json_reply

PHOTOS = "/playground2/photos"
ALBUMS = "/photos/1.0/albums"


def test_pictures_are_grouped_by_album(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    page = visitor.get(PHOTOS)
    assert "Lake 1 picture A day at the lake" in walk.words(page)
    assert 'src="/playground2/photos/lake-1/thumbnail" alt="lake at dawn"' in page.content.decode()
    assert 'href="/playground2/photos/lake-1/image"' in page.content.decode()


def test_calls_carry_the_token_and_show_it_shortened(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    token = visitor.session["attempt"]["token"]["access_token"]

    page = visitor.get(PHOTOS)
    assert peer.asked(ALBUMS)[0].headers["Authorization"] == f"Bearer {token}"
    assert f"GET {peer.base}/photos/1.0/albums" in walk.words(page)
    assert f"Bearer {token}" not in walk.words(page)


def test_charlie_sees_only_the_pictures_of_charlie(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer, person="charlie")

    page = visitor.get(PHOTOS)
    assert "desert at dawn" in walk.words(page)
    assert "lake" not in walk.words(page)
    assert visitor.get(f"{PHOTOS}/lake-1/image").status_code == 502


@pytest.mark.parametrize("form", ["image", "thumbnail"])
def test_picture_comes_through_the_playground_and_is_not_stored(visitor: Client, peer: Peer, form: str) -> None:
    walk.get_token(visitor, peer)

    answer = visitor.get(f"{PHOTOS}/lake-1/{form}")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, PICTURE, "image/png")
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_picture_needs_a_token_in_the_session(visitor: Client, peer: Peer) -> None:
    answer = visitor.get(f"{PHOTOS}/lake-1/image")

    assert answer.status_code == 403
    assert b"Import photos first" in answer.content
    assert peer.received == []


@pytest.mark.parametrize("deed", ["start-over", "revoke"])
def test_nothing_is_left_to_see_afterwards(visitor: Client, peer: Peer, deed: str) -> None:
    walk.get_token(visitor, peer)
    visitor.get(PHOTOS)
    visitor.post(f"/playground2/{deed}")

    page = visitor.get(PHOTOS, follow=True)
    assert "lake" not in walk.words(page)
    assert visitor.get(f"{PHOTOS}/lake-1/image").status_code == 403


def test_next_person_after_start_over_sees_only_their_own(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer, person="bob")
    visitor.post("/playground2/start-over")
    walk.get_token(visitor, peer, person="charlie")

    page = visitor.get(PHOTOS)
    assert "desert at dawn" in walk.words(page)
    assert "lake" not in walk.words(page)


def test_other_browser_sees_nothing(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    stranger = Client(headers={"host": "localhost:8080"})

    assert stranger.get(PHOTOS).status_code == 410
    assert stranger.get(f"{PHOTOS}/lake-1/image").status_code == 403


def _fault(code: int, message: str) -> dict[str, Any]:
    return {"fault": {"code": code, "message": message, "description": f"about {message}"}}


SCOPE = {"WWW_Authenticate": 'Bearer error="insufficient_scope", scope="photos:read"'}


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        (json_reply(401, _fault(900901, "Invalid Credentials")), ["expired or was revoked", "Use Refresh", "900901"]),
        (json_reply(403, _fault(900908, "Resource forbidden")), ["not subscribed", "Subscriptions tab", "900908"]),
        (json_reply(403, _fault(900910, "No scope")), ["does not carry the scope", "photos:read", "about No scope"]),
        (json_reply(403, {"error": "insufficient_scope"}), ["does not carry the scope", "insufficient_scope"]),
        (json_reply(403, {}, **SCOPE), ["does not carry the scope"]),
        (json_reply(403, {"error": "x", "error_description": "Persons only"}), ["refuses", "Persons only"]),
        (Reply(404, b"nothing"), ["knows no such API"]),
        (json_reply(429, _fault(900803, "Throttled")), ["used up its quota", "900803"]),
        (Reply(502, b""), ["photo service behind it does not"]),
        (json_reply(503, _fault(101503, "No backend")), ["photo service behind it is down", "101503"]),
        (Reply(504, b""), ["waited too long"]),
        (Reply(500, b"<h1>oops</h1>"), ["photo service failed"]),
        (Reply(418, b""), ["answered with status 418"]),
        (Reply(200, b"<html>"), ["not with the albums and pictures"]),
        (json_reply(200, {"list": "many"}), ["not with the albums and pictures"]),
        (json_reply(200, {"list": [{"id": "../../admin"}]}), ["not with the albums and pictures"]),
        (json_reply(200, {"list": [{"id": None}]}), ["not with the albums and pictures"]),
    ],
)
def test_failure_is_told_with_a_next_step(visitor: Client, peer: Peer, reply: Reply, sentences: list[str]) -> None:
    walk.get_token(visitor, peer)
    peer.says[ALBUMS] = reply

    page = visitor.get(PHOTOS)
    assert page.status_code == 200
    assert [sentence for sentence in sentences if sentence not in walk.words(page)] == []
    assert "Get Photos</button>" in page.content.decode()


def test_who_asks_as_an_application_is_told_that_a_person_is_missing(visitor: Client, peer: Peer) -> None:
    walk.by_server(visitor, peer, scope="photos:read")
    peer.says[ALBUMS] = json_reply(403, {"error": "insufficient_scope", "error_description": "Persons only"})

    page = walk.words(visitor.get(PHOTOS))
    assert "stands for an application, and the photos belong to people" in page
    assert "such as Authorization Code" in page
    assert "Persons only" in page
    assert "Ask again with the scope photos:read" not in page


def test_what_went_wrong_before_is_not_told_again_beside_the_photos(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says["/oauth2/token"] = json_reply(503, {})
    assert "failed with status 503" in walk.words(visitor.post("/playground2/refresh", follow=True))

    page = walk.words(visitor.get(PHOTOS))
    assert "lake at dawn" in page
    assert "failed with status 503" not in page


def test_gateway_that_is_down_is_told(visitor: Client, peer: Peer, settings: Any) -> None:
    walk.get_token(visitor, peer)
    settings.PLAYGROUND_RESOURCE_URL = "https://localhost:9/photos/1.0"

    page = visitor.get(PHOTOS)
    assert "https://localhost:9 cannot be reached" in walk.words(page)
    assert visitor.get(f"{PHOTOS}/lake-1/image").status_code == 502


def test_gateway_with_an_untrusted_certificate_gets_no_token(
    visitor: Client, peer: Peer, other_authority: Any, settings: Any
) -> None:
    walk.get_token(visitor, peer)
    settings.PLAYGROUND_CA_FILE = other_authority.file

    page = visitor.get(PHOTOS)
    assert "is not trusted, so nothing was sent" in walk.words(page)
    assert peer.asked(ALBUMS) == []


def test_slow_gateway_is_told(visitor: Client, peer: Peer, settings: Any) -> None:
    walk.get_token(visitor, peer)
    settings.PLAYGROUND_TIMEOUT = 0.2
    peer.says[ALBUMS] = Reply(200, b"{}", delay=0.6)

    assert "did not answer within 0.2 seconds" in walk.words(visitor.get(PHOTOS))


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", ""])
def test_what_is_no_picture_is_not_passed_on(visitor: Client, peer: Peer, content_type: str) -> None:
    walk.get_token(visitor, peer)
    peer.says["/photos/1.0/pictures/lake-1/image"] = Reply(200, b"<script>", {"Content-Type": content_type})

    answer = visitor.get(f"{PHOTOS}/lake-1/image")
    assert answer.status_code == 502
    assert b"not a picture" in answer.content


def test_no_albums_teach_what_to_do(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says[ALBUMS] = json_reply(200, {"count": 0, "list": []})

    assert "There are no albums yet" in walk.words(visitor.get(PHOTOS))


def test_empty_album_and_markup_are_shown_as_they_are(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)
    peer.says[f"{ALBUMS}/lake-album"] = json_reply(200, {"title": "<b>Lake</b>", "pictures": []})

    page = visitor.get(PHOTOS).content.decode()
    assert "&lt;b&gt;Lake&lt;/b&gt;" in page
    assert "This album is empty" in page


def test_picture_address_takes_no_path(visitor: Client, peer: Peer) -> None:
    walk.get_token(visitor, peer)

    assert visitor.get(f"{PHOTOS}/..%2Falbums/image").status_code == 404
