"""The original's registration, with the request of its documentation (wso2-2.6.md section 6)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager.models import Client
from tests.keymanager.conftest import Registered, post_token

pytestmark = pytest.mark.django_db
DOCUMENTED = {
    "callbackUrl": "www.google.lk",
    "clientName": "rest_api_store",
    "tokenScope": "Production",
    "owner": "alice",
    "grantType": "password refresh_token urn:ietf:params:oauth:grant-type:saml2-bearer",
    "saasApp": True,
}


def register(username: str = "alice", password: str = "", **changes: Any) -> Any:
    pair = base64.b64encode(f"{username}:{password or username}".encode()).decode()
    return Browser().post(
        "/client-registration/v0.14/register",
        json.dumps(DOCUMENTED | changes),
        content_type="application/json",
        headers={"Authorization": f"Basic {pair}"},
    )


def test_the_documented_request_gives_a_client_that_works(alice: User) -> None:
    said = register().json()
    registered = Registered(Client.objects.get(client_id=said["clientId"]), said["clientSecret"])

    assert (said["clientName"], said["appOwner"], said["isSaasApplication"]) == ("rest_api_store", "alice", True)
    assert json.loads(said["jsonString"])["grant_types"] == "password refresh_token"
    answer = post_token(registered, grant_type="password", username="alice", password="alice")
    assert answer.status_code == 200


def test_again_it_is_the_same_client_and_both_secrets_work(alice: User) -> None:
    first, second = register().json(), register().json()
    client = Client.objects.get()

    assert (first["clientId"], first["clientSecret"] != second["clientSecret"]) == (second["clientId"], True)
    for said in (first, second):
        registered = Registered(client, said["clientSecret"])
        answer = post_token(registered, grant_type="password", username="alice", password="alice")
        assert answer.status_code == 200


def test_only_the_newest_secrets_live(alice: User) -> None:
    for _ in range(7):
        register()

    assert Client.objects.get().secrets.filter(revoked_at=None).count() == 5


def test_a_wrong_password_registers_nothing(alice: User) -> None:
    answer = register(password="wrong")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="WSO2"')
    assert not Client.objects.exists()


def test_for_somebody_else_only_an_administrator_registers(alice: User, bob: User) -> None:
    assert register("bob").json()["error"] == "invalid_client_metadata"
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    assert register("bob").json()["appOwner"] == "alice"


def test_a_callback_is_looked_at_where_it_is_used(alice: User) -> None:
    answer = register(grantType="authorization_code")
    good = register(grantType="authorization_code", callbackUrl="https://printer.example/cb")

    assert answer.json()["error"] == "invalid_redirect_uri"
    assert good.json()["callBackURL"] == "https://printer.example/cb"


@pytest.mark.parametrize(
    "changes",
    [
        {"clientName": ""},
        {"clientName": 7},
        {"grantType": []},
        {"tokenScope": "Moon"},
        {"tokenScope": 1},
        {"owner": []},
    ],
)
def test_what_makes_no_sense_is_refused(alice: User, changes: dict[str, Any]) -> None:
    assert register(**changes).json()["error"] == "invalid_client_metadata"


def test_without_a_password_it_is_a_401(alice: User) -> None:
    answer = Browser().post("/client-registration/v0.14/register", "{}", content_type="application/json")

    assert answer.status_code == 401
