"""The REST API for providers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from keymanager import tokens
from keymanager.models import Authorization, Client, Origin
from store.models import Api
from tests.store.conftest import DEFINITION, browser_of, publish

BASE = "/api/am/publisher/v0.14/apis"
SCOPES = "apim:api_create apim:api_publish apim:api_view"
Call = Callable[..., tuple[int, Any]]


def token_of(user: User | None, scope: str = SCOPES, owner: User | None = None) -> str:
    client = Client.objects.create(user=owner or user, client_id=f"rest-{Client.objects.count()}", scopes=scope.split())
    if user is None:
        return tokens.issue_access_token(tokens.Content(client=client, scope=scope))
    authorization = Authorization.objects.create(user=user, client=client, scope=scope, auth_time=timezone.now())
    content = tokens.Content(client=client, scope=scope, user=user, authorization=authorization)
    return tokens.issue_access_token(content)


@pytest.fixture
def provider(bob: User) -> User:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    return User.objects.get(pk=bob.pk)


def call(token: str, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = "" if body is None else json.dumps(body)
    response = Browser().generic(method, f"{BASE}{path}", data, content_type="application/json", headers=headers)
    return response.status_code, json.loads(response.content)


def described(**changes: Any) -> dict[str, Any]:
    endpoints = {"production_endpoints": {"url": "http://127.0.0.1:8090"}}
    usual = {"context": "/shelf", "apiDefinition": json.dumps(DEFINITION), "endpointConfig": json.dumps(endpoints)}
    return usual | changes


@pytest.mark.rfc("9110#9.3.2")
def test_head_asks_for_what_get_asks_for(provider: User) -> None:
    for scope, status in (("apim:api_view", 200), ("apim:api_create", 403)):
        response = Browser().head(BASE, headers={"Authorization": f"Bearer {token_of(provider, scope)}"})
        assert response.status_code == status


def test_no_name_has_a_character_that_no_text_has(provider: User) -> None:
    for words in ("a%00b", "x" * 60_000):
        assert call(token_of(provider), "GET", f"?query=name:{words}")[1]["count"] == 0


def test_api_is_imported_published_changed_and_listed(provider: User) -> None:
    token = token_of(provider)

    status, made = call(token, "POST", body=described(tags=["a", "b"]))
    assert (status, made["status"], made["name"], made["tags"]) == (201, "CREATED", "PhotoShare", ["a", "b"])
    assert made["resources"][0]["path"] == "/albums"

    assert call(token, "POST", f"/change-lifecycle?apiId={made['id']}&action=Publish")[1]["status"] == "PUBLISHED"
    changes = {"apiLevelPolicy": "10KPerMin", "corsConfiguration": {"corsConfigurationEnabled": True,
               "accessControlAllowOrigins": ["https://app.example"]}}  # fmt: skip
    status, changed = call(token, "PUT", f"/{made['id']}", changes)
    assert (status, changed["apiLevelPolicy"], changed["tags"]) == (200, "10KPerMin", ["a", "b"])
    assert changed["corsConfiguration"]["accessControlAllowOrigins"] == ["https://app.example"]

    listed = call(token, "GET")[1]
    assert (listed["count"], listed["list"][0]["status"]) == (1, "PUBLISHED")
    assert call(token, "GET", f"/{made['id']}")[1] == changed
    assert call(token, "GET", f"/{made['id']}/swagger")[1] == DEFINITION


def test_api_says_whether_it_asks_for_subscriptions(provider: User) -> None:
    token = token_of(provider)
    made = call(token, "POST", body=described())[1]
    assert made["subscriptionlessPolicy"] == ""

    status, changed = call(token, "PUT", f"/{made['id']}", {"subscriptionlessPolicy": "Bronze"})
    assert (status, changed["subscriptionlessPolicy"]) == (200, "Bronze")
    assert call(token, "PUT", f"/{made['id']}", {"tags": ["a"]})[1]["subscriptionlessPolicy"] == "Bronze"
    assert call(token, "PUT", f"/{made['id']}", {"subscriptionlessPolicy": ""})[1]["subscriptionlessPolicy"] == ""


def test_bad_document_is_told_with_its_line(provider: User) -> None:
    text = "openapi: 3.0.3\ninfo: {title: A, version: v}\npaths:\n  a: {get: {}}\n"

    status, told = call(token_of(provider), "POST", body=described(apiDefinition=text))

    assert (status, told["code"], told["message"]) == (400, 400, "Bad Request")
    assert told["description"].startswith("Line 4: The path a must begin with a slash")
    assert not Api.objects.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (described(context=""), "Enter a context"),
        (described(context=["/a"]), "Enter a context"),
        (described(endpointConfig="{"), "endpointConfig is no JSON."),
        (described(endpointConfig={"production_endpoints": [{"url": "ftp://a"}]}), "must begin with http"),
        (described(endpointConfig={"sandbox_endpoints": {"url": "http://[fe80::1]"}}), "is a link-local address"),
        (described(apiLevelPolicy="Platinum"), "Choose one of the tiers offered."),
        (described(subscriptionlessPolicy="Platinum"), "Choose one of the tiers offered."),
        ([1], "Send an API as a JSON object."),
        ({}, "Give the document"),
    ],
)
def test_bad_input_is_one_sentence(provider: User, body: Any, sentence: str) -> None:
    status, told = call(token_of(provider), "POST", body=body)

    assert status == 400
    assert sentence in told["description"]


@pytest.mark.rfc("6750#3.1")
def test_each_deed_needs_its_scope(provider: User) -> None:
    api = publish(provider)
    viewer = token_of(provider, "apim:api_view")

    assert call(viewer, "GET")[0] == 200
    assert call(viewer, "POST", body=described())[0] == 403
    assert call(viewer, "PUT", f"/{api.pk}", {})[0] == 403
    assert call(viewer, "POST", f"/change-lifecycle?apiId={api.pk}&action=Block")[0] == 403
    assert call(token_of(provider, "default"), "GET")[0] == 403


def test_strangers_and_applications_are_kept_out(alice: User, provider: User) -> None:
    assert call("", "GET")[0] == 401
    assert call("nonsense", "GET")[0] == 401
    assert call(token_of(alice), "GET")[0] == 403
    assert call(token_of(None, owner=provider), "GET")[0] == 401


def test_client_that_a_developer_registered_manages_nobody_else_s_apis(alice: User, provider: User) -> None:
    own, developers = token_of(provider), token_of(provider, owner=alice)
    Client.objects.update(origin=Origin.OWNER)

    assert [call(token, "GET")[0] for token in (own, developers)] == [200, 403]


def test_browser_session_needs_the_form_s_token(provider: User) -> None:
    browser = browser_of(provider)
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = browser.cookies

    assert browser.get(BASE).status_code == 200
    assert strict.post(BASE, json.dumps(described()), content_type="application/json").status_code == 403


def test_steps_that_lead_nowhere_are_refused(provider: User) -> None:
    token, api = token_of(provider), publish(provider)

    assert call(token, "POST", f"/change-lifecycle?apiId={api.pk}&action=Fly")[0] == 400
    assert call(token, "POST", "/change-lifecycle?apiId=x&action=Block")[0] == 400
    assert call(token, "GET", "/5d2c9a7e-1f0b-4d55-8a44-2c7a5b0c9e33")[0] == 404
