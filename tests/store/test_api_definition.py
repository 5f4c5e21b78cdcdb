from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from store import definitions
from store.models import Api
from tests.store.conftest import DEFINITION, publish


def test_it_shows_operations_with_parameters_answers_and_scopes(client: Browser, photoshare: Api) -> None:
    page = client.get(f"/store/apis/{photoshare.pk}/definition/").content.decode()

    for words in ("2 operations", "/albums", "My albums", "photos:write", "integer, required", "application/json"):
        assert words in page
    assert "No access token, or one that is not good." in page


def test_the_document_can_be_downloaded(client: Browser, photoshare: Api) -> None:
    response = client.get(f"/store/apis/{photoshare.pk}/openapi.json")

    document = json.loads(response.content)
    assert response.headers["Content-Disposition"] == 'attachment; filename="PhotoShare-1.0.openapi.json"'
    assert document["servers"] == [{"url": "https://localhost:8243/photos/1.0"}]
    assert document["paths"] == DEFINITION["paths"]


def test_the_document_leads_nobody_past_the_gateway(client: Browser, photoshare: Api) -> None:
    elsewhere = [{"url": "https://backend.inner"}]
    callback = {"told": {"{$request.query.url}": {"post": {"servers": [{"url": "https://caller.example"}]}}}}
    item = {"servers": elsewhere, "get": {"servers": elsewhere, "callbacks": callback}}
    photoshare.definition |= {
        "x-wso2-production-endpoints": {"urls": ["https://backend.inner"]},
        "servers": elsewhere,
        "paths": {"/a": item, "/b": {"$ref": "#/components/pathItems/b"}, "/c": None},
        "components": {"schemas": {"One": {"type": "object"}}, "pathItems": {"b": item}},
    }
    photoshare.save()

    document = client.get(f"/store/apis/{photoshare.pk}/openapi.json").json()

    assert "backend.inner" not in json.dumps(document)
    assert document["servers"] == [{"url": "https://localhost:8243/photos/1.0"}]
    assert document["paths"]["/a"] == document["components"]["pathItems"]["b"] == {"get": {"callbacks": callback}}
    assert document["components"]["schemas"] == {"One": {"type": "object"}}


@pytest.mark.parametrize("tail", ["definition/", "openapi.json"])
def test_bad_id_and_wrong_method(client: Browser, photoshare: Api, tail: str) -> None:
    assert client.get(f"/store/apis/{uuid.uuid4()}/{tail}").status_code == 404
    assert client.post(f"/store/apis/{photoshare.pk}/{tail}").status_code == 405


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"paths": []},
        {"paths": {"/a": None, "/b": {"get": "x"}}},
        {"paths": {"/a": {"get": {"parameters": [1, {"schema": 2}], "responses": {"200": []}, "security": {"a": 1}}}}},
        {"paths": {"/a": {"get": {"parameters": [{"$ref": "#/nowhere"}], "requestBody": {"$ref": "#/paths"}}}}},
        {"paths": {"/a": {"$ref": "#/paths/~1a"}}},
    ],
)
def test_a_document_that_is_not_as_it_should_be_is_read_as_far_as_it_goes(definition: dict[str, Any]) -> None:
    assert isinstance(definitions.operations(definition), list)


def test_an_api_without_operations_says_so(client: Browser, bob: User) -> None:
    api = publish(bob)
    Api.objects.filter(pk=api.pk).update(definition={})

    assert "not described any operation" in client.get(f"/store/apis/{api.pk}/definition/").content.decode()
