"""What an Envoy is told that asks who calls, for a backend that wants to know."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from gateway import assertions, called, node_key
from keymanager import client_cache, clients, signing, tokens
from keymanager.models import Authorization, Client as OAuthClient

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from accounts.models import User
    from store.models import Api

ADDRESS = "/gateway/assertion"


@pytest.fixture
def gateway(settings: Settings, tmp_path: Path) -> Client:
    """One that has the key."""
    settings.GATEWAY_STATE = tmp_path / "gateway"
    node_key.ensure()
    return Client(headers={"X-Gateway-Proof": node_key.proof(), "X-Gateway-API": "/photos/1.0"})


@pytest.fixture
def scanner(alice: User, monkeypatch: pytest.MonkeyPatch) -> OAuthClient:
    # Keys of this test's database, and looked at once, however slow the machine is.
    signing.forget()
    monkeypatch.setattr(signing, "REFRESH_SECONDS", 600.0)
    monkeypatch.setattr(called, "REMEMBERED_SECONDS", 600.0)
    called.forget()
    fields: dict[str, Any] = {"name": "Scanner", "user": alice, "grant_types": ["client_credentials"]}
    return clients.register(public=False, redirect_uris=[], **fields)[0]


def token_of(client: OAuthClient, **content: Any) -> str:
    return tokens.issue_access_token(tokens.Content(client=client, scope="photos:read", **content))


def ask(gateway: Client, token: str) -> HttpResponse:
    return gateway.get(ADDRESS, headers={"Authorization": f"Bearer {token}"})  # type: ignore[return-value]


def claims_of(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200
    claims: dict[str, Any] = jwt.decode(response.headers["X-JWT-Assertion"], options={"verify_signature": False})
    return claims


def test_assertion_is_good_a_minute_longer_than_it_is_remembered(gateway: Client, scanner: OAuthClient) -> None:
    with time_machine.travel(int(time.time()), tick=False):
        response = ask(gateway, token_of(scanner, lifetime=600))

        assert response.content == b""
        assert response.headers["X-Gateway-Seconds"] == "600"
        assert claims_of(response)["exp"] - time.time() == 660


def test_no_assertion_lives_longer_than_a_day(gateway: Client, scanner: OAuthClient) -> None:
    response = ask(gateway, token_of(scanner, lifetime=30 * assertions.LONGEST))

    assert response.headers["X-Gateway-Seconds"] == str(assertions.LONGEST)


def test_person_costs_one_statement_and_an_application_none(
    gateway: Client,
    scanner: OAuthClient,
    bob: User,
    settings: Settings,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.CLIENT_CACHE_SECONDS = 60
    agreed = Authorization.objects.create(user=bob, client=scanner, auth_time=timezone.now())
    of_bob = token_of(scanner, user=bob, authorization=agreed, lifetime=600)
    of_nobody = token_of(scanner, lifetime=600)
    client_cache.changed()
    ask(gateway, of_bob)

    with django_assert_num_queries(1):
        assert claims_of(ask(gateway, of_bob))["http://wso2.org/claims/enduser"] == "bob@carbon.super"
    with django_assert_num_queries(0):
        assert claims_of(ask(gateway, of_nobody))["http://wso2.org/claims/usertype"] == "APPLICATION"


def test_call_without_a_subscription_is_told_with_the_tier_of_its_api(
    gateway: Client, photoshare: Api, scanner: OAuthClient, bob: User
) -> None:
    agreed = Authorization.objects.create(user=bob, client=scanner, auth_time=timezone.now())
    token = token_of(scanner, user=bob, authorization=agreed)
    assert claims_of(ask(gateway, token))["http://wso2.org/claims/tier"] == ""
    type(photoshare).objects.update(subscriptionless_tier="Bronze")
    called.forget()

    told = claims_of(ask(gateway, token))

    assert told["http://wso2.org/claims/tier"] == "Bronze"
    assert told["http://wso2.org/claims/applicationid"] == ""
    assert told["http://wso2.org/claims/enduser"] == "bob@carbon.super"


def test_withdrawn_consent_is_vouched_for_no_more(gateway: Client, scanner: OAuthClient, bob: User) -> None:
    agreed = Authorization.objects.create(user=bob, client=scanner, auth_time=timezone.now())
    token = token_of(scanner, user=bob, authorization=agreed)
    Authorization.objects.update(revoked_at=timezone.now())

    assert ask(gateway, token).status_code == 401


def test_person_is_told_of_by_what_a_gateway_has_in_place_of_a_bound_token(
    gateway: Client, scanner: OAuthClient, bob: User
) -> None:
    agreed = Authorization.objects.create(user=bob, client=scanner, auth_time=timezone.now())
    bound = tokens.verified_claims(token_of(scanner, user=bob, authorization=agreed))
    assert bound
    proved = signing.sign({**bound, tokens.PROVED: {"jkt": "x"}}, typ="at+jwt")

    assert claims_of(ask(gateway, proved))["http://wso2.org/claims/enduser"] == "bob@carbon.super"
    assert tokens.find(proved) is None


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "ключ", "x" * 20_000])
def test_token_that_is_none_is_challenged(gateway: Client, token: str) -> None:
    response = ask(gateway, token)

    assert (response.status_code, response.content) == (401, b"")
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{"X-Gateway-Proof": ""}, {"X-Gateway-Proof": "wrong"}, {"X-Gateway-API": ""}])
def test_stranger_is_told_nothing(gateway: Client, scanner: OAuthClient, headers: dict[str, str]) -> None:
    response = gateway.get(ADDRESS, headers={"Authorization": f"Bearer {token_of(scanner)}", **headers})

    assert response.status_code == 403
    assert "X-JWT-Assertion" not in response.headers
