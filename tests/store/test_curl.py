"""The command that is ready to be pasted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from store.key_managers.base import ClientDescription
from store.views.keys_page import curl
from tests.store.conftest import Generated


def client(**changes: Any) -> ClientDescription:
    fields: dict[str, Any] = {
        "consumer_key": "KEY",
        "callback_urls": ["https://printer.example/cb?a=b&c=d"],
        "grant_types": ["authorization_code", "client_credentials"],
        "scopes": ["photos:read"],
        "access_token_lifetime": 3600,
        "public": False,
        "secrets": [],
    }
    return ClientDescription(**(fields | changes))


def test_client_credentials_come_first() -> None:
    command = curl(client(), None)

    assert '-u "KEY:$SECRET"' in command
    assert "--data-urlencode grant_type=client_credentials" in command
    assert "--data-urlencode scope=photos:read" in command
    assert command.endswith("https://localhost:8243/token")


def test_the_authority_is_named_as_the_reader_finds_it() -> None:
    assert "tls/ca.pem" in curl(client(), None)
    assert "-k" not in curl(client(), None).split()


def test_a_path_within_the_project_is_said_to_be_one(alices: Browser, generated: Generated, settings: Any) -> None:
    page = f"/store/applications/{generated.key.application_id}/production-keys/"
    assert "from your terminal." in alices.get(page).content.decode()

    settings.TLS_CA_FILE = settings.BASE_DIR / "var" / "tls" / "ca.pem"
    assert "from your terminal in the project's folder." in alices.get(page).content.decode()


def test_right_after_generation_the_secret_stands_in_it() -> None:
    assert "-u KEY:cs_live_x" in curl(client(), "cs_live_x")


def test_code_is_exchanged_with_the_callback_quoted_for_the_shell() -> None:
    command = curl(client(grant_types=["authorization_code"]), None)

    assert '"code=$CODE"' in command
    assert "'redirect_uri=https://printer.example/cb?a=b&c=d'" in command


def test_a_public_client_shows_its_verifier_and_no_secret() -> None:
    command = curl(client(public=True, grant_types=["authorization_code"]), None)

    assert "client_id=KEY" in command
    assert '"code_verifier=$VERIFIER"' in command
    assert "SECRET" not in command


@pytest.mark.parametrize("grant_types", [["implicit"], ["refresh_token"]])
def test_what_needs_a_browser_has_none(grant_types: list[str]) -> None:
    assert curl(client(grant_types=grant_types), None) == ""


def test_the_password_grant_leaves_the_password_to_the_reader() -> None:
    assert '"password=$PASSWORD"' in curl(client(grant_types=["password"]), None)
