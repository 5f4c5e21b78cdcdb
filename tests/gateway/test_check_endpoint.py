"""What a gateway is told that asks about a call, Envoy or any other (nginx: auth_request)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from gateway import api_keys as gateway_api_keys
from keymanager import calls, client_cache, signing, signing_keys
from keymanager.models import Client as OAuthClient, RevokedToken
from store import api_keys as store_api_keys
from store.models import Api, Application, Subscription, ThrottlingPolicy
from tests.gateway.conftest import token_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from accounts.models import User


def ask(gateway: Client, token: str, path: str = "/gateway/check") -> HttpResponse:
    return gateway.get(path, headers={"Authorization": f"Bearer {token}"})  # type: ignore[return-value]


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_good_token_of_either_kind_is_a_yes_in_headers_only(
    gateway: Client, scanner: OAuthClient, token_format: str
) -> None:
    response = ask(gateway, token_of(scanner, token_format))

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"
    claims = jwt.decode(response.headers["X-Gateway-Token"], options={"verify_signature": False})
    assert claims["subscriptions"] == {"photos/1.0": "Gold"}
    assert (claims["client_id"], claims["scope"]) == (scanner.client_id, "photos:read")


def test_envoy_takes_only_200_for_a_yes(gateway: Client, scanner: OAuthClient) -> None:
    assert ask(gateway, token_of(scanner, "OPAQUE"), "/gateway/exchange").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/gateway/check", "/gateway/exchange"])
@pytest.mark.parametrize("token", ["unknown", "a.b.c", "ключ", "\x00", "x" * 20_000, ""])
def test_bad_token_is_a_no_with_a_challenge(gateway: Client, path: str, token: str) -> None:
    response = ask(gateway, token, path)

    assert (response.status_code, response.content) == (401, b"")
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "X-Gateway-Token" not in response.headers


@pytest.mark.django_db
def test_call_without_a_token_is_told_no_error(gateway: Client) -> None:
    assert "error" not in gateway.get("/gateway/check").headers["WWW-Authenticate"]


@pytest.mark.rfc("9728#5.1")
@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize(
    ("uri", "described"), [("/photos/1.0/albums", "/photos/1.0"), ("/nowhere", ""), ("/a%2Fb", "")]
)
def test_challenge_leads_to_who_gives_tokens_for_this_api(
    gateway: Client, token: str, uri: str, described: str
) -> None:
    headers = {"X-Original-URI": uri, **({"Authorization": f"Bearer {token}"} if token else {})}

    challenge = gateway.get("/gateway/check", headers=headers).headers["WWW-Authenticate"]

    place = f"https://localhost:8243/.well-known/oauth-protected-resource{described}"
    assert challenge.startswith(f'Bearer resource_metadata="{place}", realm=')
    assert ('error="invalid_token"' in challenge) is bool(token)


@pytest.mark.django_db
@pytest.mark.parametrize("proof", ["", "wrong", "ключ"])
def test_stranger_cannot_try_tokens_out(gateway: Client, proof: str) -> None:
    response = gateway.get("/gateway/check", headers={"X-Gateway-Proof": proof, "Authorization": "Bearer x"})

    assert response.status_code == 403


def test_any_method_of_a_call_may_be_asked_about(gateway: Client, scanner: OAuthClient) -> None:
    headers = {"Authorization": f"Bearer {token_of(scanner, 'OPAQUE')}"}

    assert gateway.delete("/gateway/check", headers=headers).status_code == 204
    assert Client(enforce_csrf_checks=True).post("/gateway/check").status_code == 403


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_check_costs_one_statement_and_none_for_a_moment(
    gateway: Client,
    scanner: OAuthClient,
    token_format: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.CLIENT_CACHE_SECONDS = 60
    monkeypatch.setattr(calls, "REMEMBERED_SECONDS", 60)
    token = token_of(scanner, token_format)
    client_cache.changed()
    ask(gateway, token)
    calls.forget()

    with django_assert_num_queries(1):
        ask(gateway, token)
        ask(gateway, token)


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_yes_is_not_remembered_for_longer_than_a_revocation_may_take(
    gateway: Client, scanner: OAuthClient, token_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(scanner, token_format)
    assert ask(gateway, token).status_code == 204
    OAuthClient.objects.update(blocked_at=timezone.now())
    client_cache.changed()

    monkeypatch.setattr(calls, "REMEMBERED_SECONDS", 0)

    assert ask(gateway, token).status_code == 401


def test_revoked_jwt_whose_signature_was_seen_is_refused(
    gateway: Client, scanner: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "REMEMBERED_SECONDS", 0)
    token = token_of(scanner, "JWT")
    assert [ask(gateway, token).status_code for _ in range(2)] == [204, 204]
    claims = jwt.decode(token, options={"verify_signature": False})
    RevokedToken.objects.create(jti=claims["jti"], expires_at=timezone.now() + timedelta(hours=1))

    assert ask(gateway, token).status_code == 401


def test_jwt_whose_signature_was_seen_expires_and_its_key_may_be_withdrawn(
    gateway: Client, scanner: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "REMEMBERED_SECONDS", 0)
    token, other = token_of(scanner, "JWT"), token_of(scanner, "JWT")
    assert [ask(gateway, one).status_code for one in (token, other)] == [204, 204]

    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert ask(gateway, token).status_code == 401
    signing_keys.replace_at_once(signing.ALGORITHM)
    signing.forget()
    assert ask(gateway, other).status_code == 401


def test_opaque_token_is_signed_again_only_when_it_says_something_else(
    gateway: Client, scanner: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "REMEMBERED_SECONDS", 0)
    token = token_of(scanner, "OPAQUE")
    told = [ask(gateway, token).headers["X-Gateway-Token"] for _ in range(2)]
    claims = {"subscriptions": {"photos/1.0": "Gold", "more/1.0": "Gold"}}
    OAuthClient.objects.filter(pk=scanner.pk).update(access_token_claims=claims)
    client_cache.changed()

    changed = ask(gateway, token).headers["X-Gateway-Token"]

    assert told[0] == told[1]
    assert jwt.decode(changed, options={"verify_signature": False})["subscriptions"] == claims["subscriptions"]


def test_what_is_remembered_has_an_end(gateway: Client, scanner: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST", 3)

    for _ in range(10):
        ask(gateway, token_of(scanner, "OPAQUE"))

    assert 1 <= len(calls._held) <= 3


@pytest.fixture
def api_key(alice: User, photoshare: Api) -> Iterator[str]:
    policy = ThrottlingPolicy.objects.get(level="application", name="Unlimited")
    application = Application.objects.create(owner=alice, name="Importer", policy=policy)
    Subscription.objects.create(application=application, api=photoshare, policy=policy)
    fields = {"key_type": "PRODUCTION", "name": "Nightly", "expires_at": None}
    gateway_api_keys.forget()
    yield store_api_keys.generate(application=application, **fields).value  # type: ignore[arg-type]
    gateway_api_keys.forget()


@pytest.mark.parametrize(("path", "status"), [("/gateway/check", 204), ("/gateway/exchange", 200)])
@pytest.mark.parametrize("header", ["apikey", "X-API-Key"])
def test_good_api_key_is_a_yes_too(gateway: Client, api_key: str, path: str, status: int, header: str) -> None:
    response = gateway.get(path, headers={header: api_key})

    assert (response.status_code, response.content) == (status, b"")
    claims = jwt.decode(response.headers["X-Gateway-Token"], options={"verify_signature": False})
    assert claims["application"]["name"] == "Importer"
    assert response.headers["Authorization"] == f"Bearer {response.headers['X-Gateway-Token']}"


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["unknown", "ключ", "\x00", "x" * 20_000])
def test_bad_api_key_is_a_no_with_a_challenge(gateway: Client, value: str) -> None:
    response = gateway.get("/gateway/check", headers={"apikey": value})

    assert (response.status_code, response.content) == (401, b"")
    assert "API key" in response.headers["WWW-Authenticate"]


@pytest.mark.rfc("6750#3.1")
def test_api_key_and_token_at_once_are_a_no(gateway: Client, api_key: str, scanner: OAuthClient) -> None:
    headers = {"apikey": api_key, "Authorization": f"Bearer {token_of(scanner, 'OPAQUE')}"}

    response = gateway.get("/gateway/check", headers=headers)

    assert response.status_code == 401
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_api_key_costs_one_statement_and_none_for_a_moment(
    gateway: Client,
    api_key: str,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(gateway_api_keys, "REMEMBERED_SECONDS", 60)
    gateway.get("/gateway/check", headers={"apikey": api_key})
    gateway_api_keys.forget()

    with django_assert_num_queries(1):
        for _ in range(3):
            assert gateway.get("/gateway/check", headers={"apikey": api_key}).status_code == 204


def test_what_is_remembered_of_api_keys_is_no_key_and_has_an_end(
    gateway: Client, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_api_keys, "MOST", 2)
    application = Application.objects.get()
    keys = [
        store_api_keys.generate(application=application, key_type="PRODUCTION", name=name, expires_at=None).value
        for name in ("a", "b", "c")
    ]
    for value in (api_key, *keys):
        assert gateway.get("/gateway/check", headers={"apikey": value}).status_code == 204

    assert 1 <= len(gateway_api_keys._held) <= 2
    assert not {api_key, *keys} & set(gateway_api_keys._held)
