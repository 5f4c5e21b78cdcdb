"""Albums: everybody's own, filled at first sight."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from photos import deeds
from photos.models import Album, Person
from tests.photos.conftest import Caller, picture_file
from tests.photos.issuer import Issuer


def test_a_newcomer_finds_three_albums_with_nine_pictures(bob: Caller) -> None:
    listing = bob.get("/albums").json()

    assert listing["count"] == 3
    assert [album["picture_count"] for album in listing["list"]] == [3, 3, 3]
    assert all(album["title"] and album["description"] for album in listing["list"])


def test_the_albums_are_made_once(bob: Caller) -> None:
    first = bob.get("/albums").json()

    assert bob.get("/albums").json() == first


def test_every_first_address_makes_the_albums(charlie: Caller) -> None:
    assert charlie.get("/pictures").json()["count"] == 9


def test_a_refused_token_makes_nobody_known(issuer: Issuer, db: None) -> None:
    Caller(issuer.token("bob", "openid")).get("/albums")

    assert not Person.objects.exists()


def test_two_people_find_different_pictures(bob: Caller, charlie: Caller) -> None:
    ours = [caller.get("/pictures").json()["list"] for caller in (bob, charlie)]

    titles = [{picture["title"] for picture in pictures} for pictures in ours]
    assert titles[0] != titles[1]
    assert not {picture["id"] for picture in ours[0]} & {picture["id"] for picture in ours[1]}


def test_what_was_deleted_does_not_come_back(bob: Caller) -> None:
    for picture in bob.get("/pictures").json()["list"]:
        bob.delete(f"/pictures/{picture['id']}")

    assert bob.get("/pictures").json() == {"count": 0, "list": []}
    assert [album["cover"] for album in bob.get("/albums").json()["list"]] == [None, None, None]


def test_an_album_shows_its_pictures(bob: Caller) -> None:
    album = bob.first_album()

    shown = bob.get(f"/albums/{album['id']}").json()

    assert {**album, "pictures": shown["pictures"]} == shown
    assert album["cover"] == shown["pictures"][0]["thumbnail"]
    first = shown["pictures"][0]
    assert (first["width"], first["height"], first["content_type"]) == (1200, 800, "image/jpeg")
    assert first["image"] == f"/pictures/{first['id']}/image"


def test_somebody_elses_album_does_not_exist(bob: Caller, charlie: Caller) -> None:
    album = bob.first_album()["id"]

    answers = [charlie.get(f"/albums/{album}"), charlie.upload(album, picture_file())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert bob.get(f"/albums/{album}").json()["picture_count"] == 3


def test_an_unknown_album_is_a_404(bob: Caller) -> None:
    answer = bob.get(f"/albums/{uuid.uuid4()}")

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_an_album_can_be_added(bob: Caller) -> None:
    answer = bob.post("/albums", {"title": "Summer", "description": "Two weeks"})

    album = answer.json()
    assert answer.status_code == 201
    assert (album["title"], album["picture_count"], album["cover"]) == ("Summer", 0, None)
    assert bob.get(answer["Location"]).json()["description"] == "Two weeks"
    assert bob.get("/albums").json()["list"][-1]["id"] == album["id"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "An album needs a title."),
        ({"title": "   "}, "An album needs a title."),
        ({"title": None}, "An album needs a title."),
        ({"title": "x" * 121}, "The title or description of an album is too long: at most 120 characters."),
        ({"title": ["x"]}, "The title or description of an album must be text."),
        (
            {"title": "A", "description": "x" * 501},
            "The title or description of an album is too long: at most 500 characters.",
        ),
        ({"title": "half \ud800"}, "The text has a character that is not valid Unicode."),
        ([], "The request cannot be used."),
    ],
)
def test_a_bad_album_is_refused_in_one_sentence(data: Any, sentence: str, bob: Caller) -> None:
    answer = bob.post("/albums", data)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    if data != []:
        assert answer.json()["error_description"] == sentence


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "Ünïcödé 🌄", "' OR 1=1 --", "a\u202eb"])
def test_a_title_is_only_text(title: str, bob: Caller) -> None:
    assert bob.post("/albums", {"title": title}).json()["title"] == title


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe{", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b'{"title": "A"}', "application/json; charset=hex", 400),
        (b'{"title": "A"}', "application/json; charset=no-such", 201),
        (b"title=A", "application/x-www-form-urlencoded", 415),
        (b"null", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"", "application/json", 400),
    ],
)
def test_an_unreadable_body_is_the_callers_mistake(body: bytes, content_type: str, status: int, bob: Caller) -> None:
    answer = bob.client.generic("POST", "/albums", body, content_type=content_type)

    assert answer.status_code == status
    assert answer.json()


def test_there_is_an_end_to_albums(bob: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "MOST_ALBUMS", 4)
    assert bob.post("/albums", {"title": "Fourth"}).status_code == 201

    answer = bob.post("/albums", {"title": "Fifth"})

    assert answer.status_code == 409
    assert Album.objects.count() == 4


@pytest.mark.parametrize(("method", "path"), [("put", "/albums"), ("delete", "/albums"), ("post", "/pictures")])
def test_the_wrong_method_is_a_405(method: str, path: str, bob: Caller) -> None:
    answer = getattr(bob.client, method)(path)

    assert answer.status_code == 405
    assert answer.json()["error"] == "invalid_request"


def test_any_accept_header_gets_json(bob: Caller) -> None:
    answer = bob.get("/albums", headers={"accept": "image/webp"})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/albums/", "/albums/1", "/pictures/x/image", "/admin", "/albums/../health"])
def test_another_address_is_a_404_in_json(path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_health_is_public() -> None:
    answer = Client().get("/health")

    assert (answer.status_code, answer.content) == (200, b"ok")
