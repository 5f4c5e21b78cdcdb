"""What a gateway other than Envoy is told about the whole call: its API, resource, scope and kind of key."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from gateway import called, verdicts
from gateway.verdicts import Asked, Refused
from keymanager import tokens
from keymanager.models import Authorization, Client as OAuthClient
from store import revision, throttling
from store.models import Api, Application, EndedSubscription, ThrottlingPolicy
from tests.gateway.conftest import token_of

PICTURE = "/photos/1.0/pictures/7"


@pytest.fixture
def read_only(scanner: OAuthClient) -> str:
    return token_of(scanner, "JWT")


def ask(at: Client, token: str, uri: str, method: str = "GET", query: str = "", **headers: str) -> HttpResponse:
    told = {"X-Original-URI": uri, "X-Original-Method": method, "Authorization": f"Bearer {token}", **headers}
    shown = {name: value for name, value in told.items() if value}
    return at.get(f"/gateway/check{query}", headers=shown)  # type: ignore[return-value]


def verdict(response: HttpResponse) -> tuple[int, str]:
    assert response.content == b""
    return response.status_code, response.headers.get("X-Fault-Code", "")


@pytest.mark.parametrize("uri", ["/photos/1.0/albums", "/photos/1.0/albums?page=2", PICTURE])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_call_that_the_token_is_good_for_passes(gateway: Client, read_only: str, uri: str, method: str) -> None:
    response = ask(gateway, read_only, uri, method)

    assert verdict(response) == (204, "")
    assert response.headers["X-Gateway-Key-Type"] == "PRODUCTION"


def test_head_that_the_definition_has_asks_for_its_own_scope(gateway: Client, read_only: str, photoshare: Api) -> None:
    head = {"method": "HEAD", "path": "/albums", "scopes": ["photos:look"], "auth": "any", "tier": ""}
    Api.objects.filter(pk=photoshare.pk).update(resources=[*photoshare.resources, head])

    assert verdict(ask(gateway, read_only, "/photos/1.0/albums", "HEAD")) == (403, "900910")
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums", "GET")) == (204, "")


@pytest.mark.rfc("6750#3.1")
def test_scope_that_is_missing_is_named(gateway: Client, read_only: str) -> None:
    response = ask(gateway, read_only, "/photos/1.0/albums", "POST")

    assert verdict(response) == (403, "900910")
    assert 'error="insufficient_scope", scope="photos:write"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("kind", ["api", "application", "user"])
def test_what_is_blocked_is_blocked_here_too(gateway: Client, scanner: OAuthClient, bob: User, kind: str) -> None:
    scanner.access_token_claims = {
        "subscriptions": {"photos/1.0": "Gold"},
        "application": {"id": str(uuid.UUID(int=7))},
    }
    scanner.access_token_format = "JWT"
    agreed = Authorization.objects.create(user=bob, client=scanner, auth_time=timezone.now())
    content = tokens.Content(client=scanner, scope="photos:read", user=bob, authorization=agreed)
    token = tokens.issue_access_token(content)
    value = {"api": "/photos", "application": str(uuid.UUID(int=7)), "user": "bob"}[kind]
    condition = throttling.block(kind=kind, value=value)

    assert verdict(ask(gateway, token, "/photos/1.0/albums")) == (403, "900805")

    throttling.switch(condition=condition, enabled=False)
    called.forget()
    assert verdict(ask(gateway, token, "/photos/1.0/albums")) == (204, "")


def test_subscription_that_is_over_is_none_to_the_tokens_that_are_out(
    gateway: Client, read_only: str, scanner: OAuthClient, photoshare: Api, alice: User
) -> None:
    application = Application.objects.create(
        owner=alice, name="Leaving", policy=ThrottlingPolicy.objects.get(level="application", name="Unlimited")
    )
    application.keys.create(key_type="PRODUCTION", consumer_key=scanner.client_id)
    ended = EndedSubscription.objects.create(application=application, api=photoshare, ended_at=timezone.now())

    assert verdict(ask(gateway, read_only, "/photos/1.0/albums")) == (403, "900908")

    ended.delete()
    called.forget()
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums")) == (204, "")


def test_application_without_a_subscription_is_refused(gateway: Client, scanner: OAuthClient) -> None:
    scanner.access_token_claims = {"subscriptions": {"photos/2.0": "Gold"}}

    assert verdict(ask(gateway, token_of(scanner, "JWT"), "/photos/1.0/albums")) == (403, "900908")


@pytest.mark.parametrize("uri", ["/photos/1.0/nowhere", "/photos/1.0", "/photos/1.0/"])
def test_resource_that_the_definition_does_not_have_is_refused(gateway: Client, read_only: str, uri: str) -> None:
    assert verdict(ask(gateway, read_only, uri)) == (403, "900906")


@pytest.mark.parametrize("uri", ["/other/1.0/albums", "/photos/1.00/albums", "/photos", "/", "/photos/1.0albums"])
def test_path_of_no_published_api_is_refused(gateway: Client, read_only: str, uri: str) -> None:
    assert verdict(ask(gateway, read_only, uri)) == (403, "404")


@pytest.mark.parametrize(
    "uri",
    [
        "albums", "http://localhost/photos/1.0/albums", "/photos/1.0/../1.0/albums", "/photos/1.0/%2e%2e/1.0/albums",
        "/photos//1.0/albums", "/photos/1.0/./albums", "/photos/1.0/albums%2Fx", "/photos/1.0/al%5cbums",
        "/photos/1.0/%252e", "/photos/1.0/albums%00", "/photos/1.0/..", "/photos/1.0/albums%23",
    ],
)  # fmt: skip
def test_path_that_two_programs_could_read_differently_is_refused(gateway: Client, read_only: str, uri: str) -> None:
    assert verdict(ask(gateway, read_only, uri)) == (403, "400")


def test_encoded_letters_are_what_they_stand_for(gateway: Client, scanner: OAuthClient) -> None:
    assert verdict(ask(gateway, token_of(scanner, "JWT"), "/photos/1.0/%61lbums", "POST")) == (403, "900910")


def test_caller_cannot_say_what_was_called(gateway: Client, read_only: str) -> None:
    own = {"X-Forwarded-Uri": "/other/1.0/secret"}
    method = {"X-Forwarded-Method": "DELETE"}

    assert verdict(ask(gateway, read_only, "/photos/1.0/albums", **own)) == (403, "400")
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums", **method)) == (403, "400")


def test_gateway_may_use_the_other_names(gateway: Client, read_only: str) -> None:
    stranger = Client(headers={"X-Gateway-Proof": gateway.defaults["HTTP_X_GATEWAY_PROOF"]})
    forwarded = {"X-Forwarded-Uri": "/photos/1.0/albums", "X-Forwarded-Method": "POST"}

    response = stranger.get("/gateway/check", headers={"Authorization": f"Bearer {read_only}", **forwarded})

    assert verdict(response) == (403, "900910")  # type: ignore[arg-type]


def test_gateway_that_does_not_say_what_was_called_gets_no_yes(gateway: Client, read_only: str) -> None:
    stranger = Client(headers={"X-Gateway-Proof": gateway.defaults["HTTP_X_GATEWAY_PROOF"]})

    response = stranger.get("/gateway/check", headers={"Authorization": f"Bearer {read_only}"})

    assert verdict(response) == (403, "400")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key_type", "query", "expected"),
    [
        ("PRODUCTION", "?key_type=PRODUCTION", (204, "")),
        ("PRODUCTION", "?key_type=SANDBOX", (403, "900901")),
        ("SANDBOX", "", (403, "900901")),  # the API has no such endpoint
    ],
)
def test_key_is_for_the_backend_of_its_kind(
    gateway: Client,
    scanner: OAuthClient,
    key_type: str,
    query: str,
    expected: tuple[int, str],
) -> None:
    scanner.key_type = key_type

    assert verdict(ask(gateway, token_of(scanner, "JWT"), "/photos/1.0/albums", query=query)) == expected


def test_sandbox_key_passes_where_there_is_a_sandbox(gateway: Client, scanner: OAuthClient, photoshare: Api) -> None:
    Api.objects.filter(pk=photoshare.pk).update(sandbox_endpoints=["http://127.0.0.1:8"])
    scanner.key_type = "SANDBOX"

    response = ask(gateway, token_of(scanner, "JWT"), "/photos/1.0/albums")

    assert (response.status_code, response.headers["X-Gateway-Key-Type"]) == (204, "SANDBOX")


@pytest.mark.rfc("9068#4")
@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ("{gateway}/photos/1.0", (204, "")),
        ("{gateway}/photos/1.0/", (204, "")),
        ("{gateway}/other/1.0", (401, "900901")),
        ("https://elsewhere.example", (401, "900901")),
    ],
)
def test_token_for_one_api_opens_that_one(
    gateway: Client,
    scanner: OAuthClient,
    audience: str,
    expected: tuple[int, str],
) -> None:
    meant_for = [audience.format(gateway=settings.GATEWAY_URL)]
    token = tokens.issue_access_token(tokens.Content(client=scanner, scope="photos:read", audience=meant_for))

    response = ask(gateway, token, "/photos/1.0/albums")

    assert verdict(response) == expected
    assert expected[0] == 204 or "resource_metadata=" in response.headers["WWW-Authenticate"]


@pytest.mark.django_db
@pytest.mark.parametrize(("credentials", "code"), [("", "900902"), ("unknown", "900901")])
def test_refused_token_has_its_code(gateway: Client, credentials: str, code: str) -> None:
    told = {"Authorization": f"Bearer {credentials}"} if credentials else {}

    assert verdict(gateway.get("/gateway/check", headers=told)) == (401, code)  # type: ignore[arg-type]


def test_certificate_is_not_believed_from_anybody_but_envoy(gateway: Client, scanner: OAuthClient) -> None:
    content = tokens.Content(client=scanner, scope="photos:read", confirmation={"x5t#S256": "x"})
    shown = {"X-Forwarded-Client-Cert": 'Chain="x"'}

    assert verdict(ask(gateway, tokens.issue_access_token(content), "/photos/1.0/albums", **shown)) == (401, "900901")


def test_api_that_is_blocked_and_a_definition_that_changes_hold_in_a_moment(
    gateway: Client,
    read_only: str,
    photoshare: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ask(gateway, read_only, "/photos/1.0/albums").status_code == 204
    monkeypatch.setattr(called, "REMEMBERED_SECONDS", 0)

    Api.objects.filter(pk=photoshare.pk).update(resources=[])
    revision.advance()
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums")) == (403, "900906")
    Api.objects.filter(pk=photoshare.pk).update(status=Api.Status.BLOCKED)
    revision.advance()
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums")) == (403, "700700")
    Api.objects.filter(pk=photoshare.pk).update(status=Api.Status.RETIRED)
    revision.advance()
    assert verdict(ask(gateway, read_only, "/photos/1.0/albums")) == (403, "404")


def test_store_is_not_asked_again_for_a_moment(
    gateway: Client,
    read_only: str,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(called, "REMEMBERED_SECONDS", 60)
    ask(gateway, read_only, "/photos/1.0/albums")

    with django_assert_num_queries(0):
        ask(gateway, read_only, "/photos/1.0/pictures/8")


@pytest.mark.parametrize(
    ("auth", "grant_id", "expected"),
    [
        ("user", None, (401, 900905)), ("application", "x", (401, 900905)), ("user", "x", None),
        ("application", None, None), ("any", None, None), ("none", None, None),
    ],
)  # fmt: skip
def test_resource_says_whose_tokens_it_takes(
    gateway: Client, photoshare: Api, auth: str, grant_id: str | None, expected: tuple[int, int] | None
) -> None:
    resources = [{"method": "GET", "path": "/albums", "scopes": [], "auth": auth, "tier": ""}]
    Api.objects.filter(pk=photoshare.pk).update(resources=resources, is_default_version=True)
    claims: dict[str, Any] = {"aud": settings.GATEWAY_URL, "subscriptions": {"photos/1.0": "Gold"}}
    claims |= {"grant_id": grant_id} if grant_id else {}

    for path in ("/photos/1.0/albums", "/photos/albums"):
        assert refusal(path, claims) == expected


@pytest.mark.rfc("8707#2")
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"aud": "{gateway}/photos/1.0/"}, None),
        ({"aud": ["https://elsewhere.example", "{gateway}/photos/1.0"]}, None),
        ({"grant_id": None}, (403, 900908)),
        ({"aud": "{gateway}"}, (403, 900908)),
        ({"scope": "default"}, (403, 900910)),
    ],
)
def test_api_may_ask_for_no_subscription_of_clients_that_a_person_has_approved(
    gateway: Client, photoshare: Api, claims: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    usual = {"aud": "{gateway}/photos/1.0", "grant_id": "x", "scope": "photos:read"}
    told = {name: meant(value) for name, value in (usual | claims).items() if value is not None}
    assert refusal("/photos/1.0/albums", told) == (403, 900908)

    Api.objects.filter(pk=photoshare.pk).update(subscriptionless_tier="Gold")
    called.forget()

    assert refusal("/photos/1.0/albums", told) == expected
    assert refusal("/photos/1.0/albums", told | {"aud": f"{settings.GATEWAY_URL}/photos/2.0"}) == (401, 900901)
    subscribed = {"aud": settings.GATEWAY_URL, "scope": "photos:read", "subscriptions": {"photos/1.0": "Gold"}}
    assert refusal("/photos/1.0/albums", subscribed) is None


def meant(value: Any) -> Any:
    """With the gateway's address."""
    if isinstance(value, list):
        return [meant(one) for one in value]
    return value.replace("{gateway}", settings.GATEWAY_URL) if isinstance(value, str) else value


def refusal(path: str, claims: dict[str, Any]) -> tuple[int, int] | None:
    try:
        verdicts.check(Asked("GET", path), claims)
    except Refused as refused:
        return refused.status, refused.code
    return None
