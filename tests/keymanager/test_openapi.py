"""The description of the endpoints is whole, and agrees with the metadata and the errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import resolve
from django.urls.exceptions import Resolver404

from keymanager.urls import urlpatterns

PAGES = {
    "home",
    "approvals-download",
    "withdraw",
    "sign-in",
    "sign-up",
    "select-account",
    "sign-out",
    "logout-confirmed",
    "consent",
    "device",
    "elsewhere",
    "elsewhere-callback",
    "elsewhere-signed-out",
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    document: dict[str, Any] = Browser().get("/oauth2/openapi.json").json()
    return document


def test_every_address_that_programs_call_is_described(described: dict[str, Any]) -> None:
    views = {resolve(path.replace("{client_id}", "x")).func for path in described["paths"]}

    assert views == {pattern.callback for pattern in urlpatterns if pattern.name not in PAGES}


def test_what_is_described_exists(described: dict[str, Any]) -> None:
    with pytest.raises(Resolver404):
        resolve("/oauth2/nothing")
    for path, item in described["paths"].items():
        allowed = Browser().generic("PATCH", path.replace("{client_id}", "x"))["Allow"].lower().split(", ")
        assert set(allowed) - {"head", "options"} == item.keys() - {"parameters"}, path


@pytest.mark.django_db
@pytest.mark.rfc("8414#2")
def test_every_address_of_the_metadata_is_described(described: dict[str, Any]) -> None:
    metadata = Browser().get("/.well-known/openid-configuration").json()
    addresses = {value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}

    assert {url.removeprefix(settings.ISSUER) for url in addresses} <= described["paths"].keys()
    assert described["servers"] == [{"url": metadata["issuer"]}]


@pytest.mark.django_db
def test_the_parameters_are_those_that_are_described(described: dict[str, Any]) -> None:
    form = described["components"]["schemas"]["AuthorizationRequest"]["properties"]
    query = {parameter["name"] for parameter in described["paths"]["/oauth2/authorize"]["get"]["parameters"]}

    assert query == form.keys()
    grants = described["components"]["schemas"]["TokenRequest"]["properties"]["grant_type"]["examples"]
    supported = Browser().get("/.well-known/openid-configuration").json()["grant_types_supported"]
    assert {*grants, "implicit"} == set(supported)


def test_every_error_that_is_raised_is_described(described: dict[str, Any]) -> None:
    from keymanager import errors

    schemas = described["components"]["schemas"]
    kinds = [schemas[name]["properties"]["error"]["enum"] for name in ("OAuthError", "RegistrationError")]
    browsers = {"login_required", "consent_required", "unmet_authentication_requirements"}
    raised = {kind.error for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "error")}

    assert raised - browsers == {name for kind in kinds for name in kind}
