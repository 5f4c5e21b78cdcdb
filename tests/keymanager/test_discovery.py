"""Documents that clients find by themselves, and who may read answers from another origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client as Browser

from keymanager.models import AuthorizationDetailsType, ClientURI
from tests.keymanager.conftest import Registered, basic, code_for, exchange

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db
ORIGIN = "https://app.example"
ADDRESSES = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth2/token/.well-known/openid-configuration",
    "/oauth2/oidcdiscovery/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/oauth2/token",
]


@pytest.mark.rfc("oidc-discovery#3")
def test_every_supported_value_is_listed() -> None:
    document = Browser().get(ADDRESSES[0]).json()

    assert set(document["prompt_values_supported"]) == {"none", "login", "consent", "select_account", "create"}
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert {"address", "phone", "profile", "email", "openid", "offline_access"} <= set(document["scopes_supported"])
    assert {"birthdate", "address", "phone_number_verified", "acr", "updated_at"} <= set(document["claims_supported"])
    assert document["claims_parameter_supported"] is True
    assert "RSA-OAEP-256" in document["id_token_encryption_alg_values_supported"]
    assert document["acr_values_supported"]


@pytest.mark.rfc("8414#3.2")
def test_a_list_of_nothing_is_left_out() -> None:
    assert [] not in Browser().get(ADDRESSES[0]).json().values()
    AuthorizationDetailsType.objects.create(name="payment", title="Pay")

    assert Browser().get(ADDRESSES[0]).json()["authorization_details_types_supported"] == ["payment"]


@pytest.mark.rfc("8414#3.1")
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_says_the_same(address: str) -> None:
    assert Browser().get(address).json() == Browser().get(ADDRESSES[0]).json()


@pytest.mark.rfc("8414#3.1")
def test_the_path_of_the_issuer_comes_last_or_first(settings: Settings) -> None:
    settings.ISSUER = "https://localhost:9443/tenant/a"

    assert Browser().get("/.well-known/oauth-authorization-server/tenant/a").status_code == 200
    assert Browser().get("/tenant/a/.well-known/openid-configuration").status_code == 200
    assert Browser().get("/.well-known/oauth-authorization-server/tenant/b").status_code == 404


@pytest.mark.rfc("7033#4.2")
@pytest.mark.parametrize("resource", ["acct:anybody@localhost", "https://localhost:9443/bob", "acct:x@localhost:9443"])
def test_webfinger_names_the_issuer(resource: str) -> None:
    response = Browser().get("/.well-known/webfinger", {"resource": resource})

    link = {"rel": "http://openid.net/specs/connect/1.0/issuer", "href": "https://localhost:9443"}
    assert response.json() == {"subject": resource, "links": [link]}
    assert response["Content-Type"] == "application/jrd+json"
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.rfc("7033#4.2")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"resource": ""}, 400),
        ({"resource": "acct:bob@elsewhere.example"}, 404),
        ({"resource": "http://["}, 404),
    ],
)
def test_webfinger_of_nothing_and_of_elsewhere(query: dict[str, str], status: int) -> None:
    assert Browser().get("/.well-known/webfinger", query).status_code == status


@pytest.mark.rfc("7033#4.3")
def test_webfinger_leaves_other_relations_out() -> None:
    response = Browser().get("/.well-known/webfinger", {"resource": "acct:bob@localhost", "rel": "avatar"})

    assert response.json()["links"] == []


@pytest.mark.parametrize("address", ["/.well-known/openid-configuration", "/oauth2/jwks"])
def test_what_everybody_may_read_is_open_to_every_origin(address: str) -> None:
    assert Browser().get(address, headers={"Origin": "https://anywhere.example"})["Access-Control-Allow-Origin"] == "*"


@pytest.fixture
def app(register: Callable[..., Registered]) -> Registered:
    """A client whose pages are served from ORIGIN."""
    registered = register()
    ClientURI.objects.create(client=registered.client, kind=ClientURI.Kind.ORIGIN, uri=ORIGIN)
    return registered


def preflight(address: str, origin: str) -> Any:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
    return Browser().options(address, headers=headers)


@pytest.mark.parametrize("address", ["/oauth2/token", "/oauth2/userinfo", "/oauth2/revoke", "/oauth2/par"])
def test_a_registered_origin_may_call(app: Registered, address: str) -> None:
    response = preflight(address, ORIGIN)

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert "DPoP" in response["Access-Control-Allow-Headers"]
    assert "Origin" in response["Vary"]
    assert "Access-Control-Allow-Credentials" not in response


def test_a_public_client_may_call_from_where_its_pages_lie(register: Callable[..., Registered]) -> None:
    uris = ["https://APP.example:443/cb", "http://localhost:5173/cb", "com.example.app:/cb"]
    register(public=True, redirect_uris=uris)

    for origin in ("https://app.example", "http://localhost:5173"):
        assert preflight("/oauth2/token", origin)["Access-Control-Allow-Origin"] == origin


def test_a_client_with_a_secret_calls_from_no_page(register: Callable[..., Registered]) -> None:
    register(redirect_uris=["https://printer.example/cb"])

    assert "Access-Control-Allow-Origin" not in preflight("/oauth2/token", "https://printer.example")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example:444", "https://APP.example", ""]
)
def test_another_origin_may_not(app: Registered, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in preflight("/oauth2/token", origin)


def test_an_answer_is_for_the_origins_of_its_client(app: Registered, printer: Registered) -> None:
    def called(registered: Registered) -> Any:
        headers = basic(registered) | {"Origin": ORIGIN}
        return Browser().post("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers)

    assert called(app)["Access-Control-Allow-Origin"] == ORIGIN
    assert called(printer).status_code == 200
    assert "Access-Control-Allow-Origin" not in called(printer)


def test_userinfo_can_be_read_by_a_page(bobs_browser: Browser, app: Registered) -> None:
    token = exchange(app, code_for(bobs_browser, app, scope="openid")).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": ORIGIN}

    assert Browser().get("/oauth2/userinfo", headers=headers)["Access-Control-Allow-Origin"] == ORIGIN


def test_an_error_can_be_read_by_a_page(app: Registered) -> None:
    response = Browser().post("/oauth2/token", {"client_id": app.id}, headers={"Origin": ORIGIN})

    assert response.status_code == 401
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert "WWW-Authenticate" in response["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("address", [*ADDRESSES, "/oauth2/jwks", "/.well-known/webfinger"])
def test_a_document_is_for_reading_and_says_so_to_programs(address: str) -> None:
    """Without a word about a form that has expired."""
    response = Browser(enforce_csrf_checks=True).post(address)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response.json()["error"] == "invalid_request"
