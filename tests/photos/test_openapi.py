"""The published description is true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from photos import permissions, settings
from tests.photos.conftest import Caller, picture_file
from tests.photos.issuer import Issuer

METHODS = ("get", "post", "put", "patch", "delete")


def document() -> dict[str, Any]:
    answer: dict[str, Any] = Client().get("/openapi.json").json()
    return answer


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    with open(settings.ROOT / "photos" / "openapi.json") as file:
        paths = json.load(file)["paths"]
    return [(path, method, item[method]) for path, item in paths.items() for method in METHODS if method in item]


def filled(path: str, caller: Caller) -> str:
    album = caller.first_album()["id"]
    picture = caller.upload(album, picture_file()).json()["id"]
    return path.replace("{pictureId}", picture).replace("{albumId}", album)


def test_it_is_public_json_of_the_right_version() -> None:
    described = document()

    assert described["openapi"] == "3.0.3"
    assert described["servers"][0]["url"] == "https://localhost:8243/photos/1.0"


def test_it_has_every_address_and_no_other() -> None:
    routes = {f"/{pattern.pattern}" for pattern in get_resolver("photos.urls").url_patterns}

    described = {path.replace("{albumId}", "<uuid:album_id>") for path in document()["paths"]}

    assert {path.replace("{pictureId}", "<uuid:picture_id>") for path in described} == routes


def test_every_reference_leads_somewhere() -> None:
    described = document()
    names = {part.split('"')[0] for part in json.dumps(described).split('"#/components/')[1:]}

    for name in names:
        kind, _, key = name.partition("/")
        assert key in described["components"][kind]


@pytest.mark.parametrize("path", sorted({path for path, _, _ in operations()}))
def test_the_methods_are_those_that_are_taken(path: str, bob: Caller) -> None:
    described = {method for at, method, _ in operations() if at == path}

    answers = {method: getattr(bob.client, method)(filled(path, bob)) for method in METHODS}

    assert {method for method, answer in answers.items() if answer.status_code != 405} == described
    for answer in answers.values():
        answer.close()


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_the_scope_is_the_one_that_is_asked_for(
    path: str, method: str, operation: dict[str, Any], bob: Caller, issuer: Issuer
) -> None:
    needed = [scope for entry in operation["security"] for scope in entry["oauth2"]]
    bare = Caller(issuer.token("bob", "openid"))

    answer = getattr(bare.client, method)(filled(path, bob))

    asked = [scope for scope in (permissions.READ, permissions.WRITE) if scope in answer.get("WWW-Authenticate", "")]
    assert asked == needed
    assert (answer.status_code == 403) == bool(needed)


def test_every_operation_is_described() -> None:
    for _, _, operation in operations():
        assert operation["summary"]
        assert operation["operationId"]
        assert "503" in operation["responses"] or not operation["security"]


def test_answers_have_the_described_members(bob: Caller) -> None:
    schemas = document()["components"]["schemas"]
    album, picture = bob.first_album(), bob.first_picture()
    error = bob.get("/albums/x").json()

    described = [list(schemas[name]["properties"]) for name in ("Album", "Picture", "Error")]

    assert described == [list(album), list(picture), list(error)]


def test_scopes_have_the_words_of_the_consent_page() -> None:
    flow = document()["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]

    assert flow["scopes"] == {"photos:read": "See your photos", "photos:write": "Add and delete photos"}


def test_an_upload_answers_as_described(bob: Caller) -> None:
    answer = bob.upload(bob.first_album()["id"], picture_file())

    assert answer.status_code == 201
    assert bob.get(answer["Location"]).json() == answer.json()
