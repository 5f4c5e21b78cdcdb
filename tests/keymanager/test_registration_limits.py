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
