"""What a client that registers itself is held to: what it restricts itself to, and what may not stand side by side."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from keymanager.models import Scope
from tests.keymanager.conftest import CALLBACK, authorize, query_of
from tests.keymanager.test_registration import as_registered, configured, register

pytestmark = pytest.mark.django_db

BOTH = ["authorization_code", "implicit"]


@pytest.fixture(autouse=True)
def _open(db: None, settings: Settings) -> None:
    settings.REGISTRATION = "open"
    Scope.objects.create(name="photos:read", title="See your photos")


@pytest.mark.rfc("oidc-registration#2")
def test_a_client_uses_the_response_types_that_it_restricted_itself_to(bobs_browser: Browser) -> None:
    answer = register(grant_types=BOTH, response_types=["code", "token id_token"])
    client, more = as_registered(answer), {"scope": "openid", "nonce": "n"}

    assert answer.json()["response_types"] == ["code", "token id_token"]
    for allowed in ("code", "id_token token"):
        assert "/oauth2/consent/" in authorize(bobs_browser, client, response_type=allowed, **more)["Location"]
    for refused in ("token", "code id_token"):
        answer = query_of(authorize(bobs_browser, client, response_type=refused, **more))
        assert answer["error"] == "unauthorized_client"


@pytest.mark.parametrize("members", [{}, {"response_types": None}, {"response_types": []}])
def test_who_names_no_response_type_is_told_those_of_its_grant_types(members: dict[str, Any]) -> None:
    mine = register(grant_types=["implicit"], **members)
    body = {"client_id": mine.json()["client_id"], "redirect_uris": [CALLBACK]}

    assert mine.json()["response_types"] == ["token", "id_token", "id_token token"]
    assert configured(mine, "PUT", body).json()["response_types"] == ["code"]


@pytest.mark.rfc("oidc-registration#2")
@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"redirect_uris": ["http://localhost/cb"], "grant_types": ["implicit"]}, 400),
        ({"redirect_uris": [CALLBACK, "https://localhost/cb"], "grant_types": BOTH}, 400),
        ({"redirect_uris": ["http://127.0.0.1/cb"], "grant_types": BOTH, "application_type": "web"}, 400),
        ({"redirect_uris": ["http://localhost/cb"], "grant_types": BOTH, "application_type": "native"}, 201),
        ({"redirect_uris": ["http://localhost/cb"]}, 201),
    ],
)
def test_tokens_in_front_of_the_browser_go_to_https_and_not_to_localhost(members: dict[str, Any], status: int) -> None:
    answer = register(**members)

    assert answer.status_code == status
    assert answer.json().get("error") == ("invalid_redirect_uri" if status == 400 else None)


@pytest.mark.rfc("8252#8.4")
@pytest.mark.parametrize(("kind", "status"), [("native", 201), ("web", 400)])
def test_an_app_on_a_device_may_keep_a_secret_of_its_own(kind: str, status: int) -> None:
    answer = register(redirect_uris=["com.example.app:/cb"], application_type=kind)

    assert answer.status_code == status
    assert ("client_secret" in answer.json()) == (kind == "native")


@pytest.mark.rfc("oidc-frontchannel#2")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("https://printer.example/out?a=b", 201),
        ("https://printer.example:443/out", 201),
        ("https://printer.example:8443/out", 400),
        ("https://scanner.example/out", 400),
        ("http://localhost/out", 400),
    ],
)
def test_the_frame_for_signing_out_is_of_the_origin_of_a_redirect_uri(address: str, status: int) -> None:
    answer = register(frontchannel_logout_uri=address, redirect_uris=["https://printer.example/cb"])

    assert answer.status_code == status
    assert answer.json().get("error") == ("invalid_client_metadata" if status == 400 else None)


@pytest.mark.rfc("7591#3.2.1")
def test_of_the_scopes_that_it_asked_for_it_is_told_those_that_it_can_use() -> None:
    assert register(scope="openid profile photos:read photos:write").json()["scope"] == "openid profile photos:read"
    assert "scope" not in register(scope="photos:write").json()
    assert "scope" not in register().json()


@pytest.mark.rfc("6750#3.1")
@pytest.mark.parametrize("path", ["/oauth2/register", "/oauth2/register/x"])
def test_who_shows_no_token_is_told_of_no_error(path: str, settings: Settings) -> None:
    settings.REGISTRATION = "token"

    method = "GET" if path.endswith("x") else "POST"
    answer = Browser().generic(method, path, "{}", content_type="application/json")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="localhost"')


@pytest.mark.rfc("8705#2.1")
def test_certificates_are_registered_for_where_an_authority_is_known(settings: Settings) -> None:
    members = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "printer.example"}

    assert register(**members).json()["error"] == "invalid_client_metadata"
    settings.CLIENT_CA_FILE = "authorities.pem"
    assert register(**members).status_code == 201
