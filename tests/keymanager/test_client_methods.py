"""One method a request, and only the registered one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from tests.keymanager.conftest import Registered, basic

pytestmark = pytest.mark.django_db
GRANT = {"grant_type": "client_credentials"}


def by_header(registered: Registered) -> Any:
    return Browser().post("/oauth2/token", GRANT, headers=basic(registered))


def by_body(registered: Registered) -> Any:
    form = {"client_id": registered.id, "client_secret": str(registered.secret)}
    return Browser().post("/oauth2/token", GRANT | form)


@pytest.mark.rfc("7591#2")
@pytest.mark.parametrize(
    ("method", "header", "body"),
    [
        (None, 200, 200),
        ("client_secret_basic", 200, 401),
        ("client_secret_post", 401, 200),
        ("private_key_jwt", 401, 401),
        ("tls_client_auth", 401, 401),
        ("none", 401, 401),
    ],
)
def test_a_secret_comes_as_it_was_registered(
    register: Callable[..., Registered], method: str | None, header: int, body: int
) -> None:
    client = register(metadata={"token_endpoint_auth_method": method} if method else {})

    assert by_header(client).status_code == header
    assert by_body(client).status_code == body


@pytest.mark.parametrize("method", ["private_key_jwt", "tls_client_auth", "none", "client_secret_basic"])
def test_a_confidential_client_never_gets_in_by_its_name(register: Callable[..., Registered], method: str) -> None:
    client = register(metadata={"token_endpoint_auth_method": method})

    response = Browser().post("/oauth2/token", GRANT | {"client_id": client.id})

    assert response.json()["error"] == "invalid_client"


def test_a_public_client_that_sends_a_secret_is_refused(
    register: Callable[..., Registered], printer: Registered
) -> None:
    app = register(public=True)

    mine = Registered(app.client, "a-secret")
    theirs = Registered(app.client, printer.secret)

    assert {by_header(mine).status_code, by_body(mine).status_code, by_body(theirs).status_code} == {401}


def test_a_client_that_was_made_public_does_not_get_in_by_its_old_secret(printer: Registered) -> None:
    printer.client.client_type = printer.client.CLIENT_PUBLIC
    printer.client.save(update_fields=["client_type"])

    assert by_header(printer).status_code == 401


@pytest.mark.rfc("6749#2.3.1")
def test_identifier_and_secret_are_form_encoded_in_the_header(printer: Registered) -> None:
    quoted = Registered(printer.client, "".join(f"%{ord(letter):02X}" for letter in str(printer.secret)))

    assert by_header(quoted).status_code == 200


@pytest.mark.parametrize("header", ["Basic \xe9", "Basic bm8tY29sb24=", "Basic OgA=", "Basic " + "A" * 9000, "DPoP x"])
def test_a_header_that_tells_nobody_is_invalid_client(header: str) -> None:
    response = Browser().post("/oauth2/token", GRANT, headers={"Authorization": header})

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def test_the_metadata_names_what_works(settings: Any) -> None:
    document = Browser().get("/.well-known/openid-configuration").json()

    methods = document["token_endpoint_auth_methods_supported"]
    assert methods[:3] == ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == [
        "ES256",
        "PS256",
        "RS256",
        "EdDSA",
        "Ed25519",
    ]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert "tls_client_auth" not in methods
