"""RFC 8693."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from keymanager.grants.token_exchange import ACCESS_TOKEN, GRANT_TYPE, JWT
from keymanager.models import Authorization, Resource
from tests.keymanager.conftest import ALL, Registered, basic, code_for, exchange, post_token

pytestmark = pytest.mark.django_db
PHOTOS = f"{settings.ACCESS_TOKEN_AUDIENCE}/photos/1.0"
THUMBNAILS = "https://thumbnails.example"


@pytest.fixture
def archive(register: Callable[..., Registered]) -> Registered:
    """The server of a resource, which calls another one for the person."""
    archive = register(name="Archive", grant_types=[*ALL, GRANT_TYPE])
    Resource.objects.create(uri="https://archive.example", title="Archive", server=archive.client)
    Resource.objects.create(uri=THUMBNAILS, title="Thumbnails")
    return archive


@pytest.fixture
def subject(bobs_browser: Browser, printer: Registered, archive: Registered) -> str:
    """bob's token that the printer shows to the archive."""
    code = code_for(bobs_browser, printer, scope="photos:read photos:write", resource="https://archive.example")
    return str(exchange(printer, code).json()["access_token"])


def trade(registered: Registered, subject: str, **changes: str) -> Any:
    parameters = {"subject_token": subject, "subject_token_type": ACCESS_TOKEN} | changes
    return post_token(registered, grant_type=GRANT_TYPE, **parameters)


def said(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    decoded: dict[str, Any] = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return decoded


def actor_token(registered: Registered) -> str:
    return str(post_token(registered, grant_type="client_credentials").json()["access_token"])


@pytest.mark.rfc("8693#2.2.1")
def test_a_token_is_traded_for_one_of_the_same_person(archive: Registered, subject: str, bob: User) -> None:
    answer = trade(archive, subject, scope="photos:read", resource=THUMBNAILS)

    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": answer.json()["expires_in"],
        "scope": "photos:read",
    }
    assert (said(answer)["sub"], said(answer)["client_id"]) == (str(bob.subject), archive.id)
    assert said(answer)["aud"] == THUMBNAILS


@pytest.mark.rfc("8707#2.2")
def test_a_client_s_own_token_is_not_traded_for_what_the_person_did_not_approve(
    archive: Registered, bobs_browser: Browser
) -> None:
    approved = exchange(archive, code_for(bobs_browser, archive, resource=THUMBNAILS)).json()["access_token"]

    for name, elsewhere in (("resource", PHOTOS), ("audience", settings.ACCESS_TOKEN_AUDIENCE)):
        answer = trade(archive, approved, **{name: elsewhere})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert said(trade(archive, approved, resource=THUMBNAILS))["aud"] == THUMBNAILS


@pytest.mark.rfc("8693#4.1")
def test_the_new_token_says_who_acts(archive: Registered, subject: str) -> None:
    assert said(trade(archive, subject))["act"] == {"sub": archive.id, "client_id": archive.id}


@pytest.mark.rfc("8693#2.1")
def test_an_actor_token_says_who_acts(archive: Registered, subject: str, register: Callable[..., Registered]) -> None:
    porter = register(name="Porter")
    answer = trade(archive, subject, actor_token=actor_token(porter), actor_token_type=ACCESS_TOKEN)

    assert said(answer)["act"] == {"sub": porter.id, "client_id": porter.id}


@pytest.mark.rfc("8693#4.1")
def test_who_acted_before_stands_within(archive: Registered, subject: str) -> None:
    first = trade(archive, subject).json()["access_token"]
    second = trade(archive, first, actor_token=actor_token(archive), actor_token_type=JWT)

    assert said(second)["act"]["act"] == {"sub": archive.id, "client_id": archive.id}


@pytest.mark.rfc("8693#1.1")
def test_impersonation_has_to_be_allowed(archive: Registered, subject: str) -> None:
    archive.client.metadata = {"may_impersonate": True}
    archive.client.save()

    assert "act" not in said(trade(archive, subject))


@pytest.mark.rfc("8693#5")
def test_a_stranger_cannot_trade_a_token_it_found(subject: str, register: Callable[..., Registered]) -> None:
    stranger = register(name="Stranger", grant_types=[*ALL, GRANT_TYPE])

    assert trade(stranger, subject).json()["error"] == "invalid_request"


def test_a_client_may_trade_its_own_token_for_less(bobs_browser: Browser, archive: Registered) -> None:
    mine = exchange(archive, code_for(bobs_browser, archive, scope="photos:read photos:write")).json()["access_token"]
    answer = trade(archive, mine, scope="photos:read", resource=PHOTOS)

    assert (said(answer)["scope"], said(answer)["aud"]) == ("photos:read", PHOTOS)
    assert "act" not in said(answer)


def test_scope_never_grows(bobs_browser: Browser, archive: Registered) -> None:
    mine = exchange(archive, code_for(bobs_browser, archive, scope="photos:read")).json()["access_token"]

    assert trade(archive, mine, scope="photos:read photos:write").json()["error"] == "invalid_scope"


@pytest.mark.rfc("8693#2.1")
def test_it_is_off_unless_ticked(printer: Registered, subject: str) -> None:
    assert trade(printer, subject).json()["error"] == "unauthorized_client"


@pytest.mark.rfc("8693#2.1")
def test_a_public_client_cannot(subject: str, register: Callable[..., Registered]) -> None:
    public = register(public=True, grant_types=[GRANT_TYPE])

    assert trade(public, subject).json()["error"] == "unauthorized_client"


@pytest.mark.rfc("8693#2.2.2")
@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": "unknown"},
        {"subject_token": "a.b.c"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"actor_token": "unknown", "actor_token_type": ACCESS_TOKEN},
        {"actor_token": "unknown"},
        {"actor_token_type": ACCESS_TOKEN},
    ],
)
def test_what_is_invalid_is_an_invalid_request(archive: Registered, subject: str, changes: dict[str, str]) -> None:
    answer = trade(archive, subject, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.rfc("8693#2.2.2")
def test_an_unknown_target_is_an_invalid_target(archive: Registered, subject: str) -> None:
    assert trade(archive, subject, audience="somebody").json()["error"] == "invalid_target"
    assert trade(archive, subject, resource="https://elsewhere.example").json()["error"] == "invalid_target"


@pytest.mark.rfc("8693#2.1")
def test_the_logical_name_of_a_target_may_be_its_address(archive: Registered, subject: str) -> None:
    assert said(trade(archive, subject, audience=THUMBNAILS))["aud"] == THUMBNAILS


def test_an_application_s_own_token_stands_for_no_person(archive: Registered) -> None:
    assert trade(archive, actor_token(archive)).json()["error"] == "invalid_request"


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_the_new_token_dies_with_what_it_came_from(
    archive: Registered, printer: Registered, subject: str, token_format: str
) -> None:
    archive.client.access_token_format = token_format
    archive.client.save()
    token = trade(archive, subject).json()["access_token"]

    def is_active() -> bool:
        return bool(Browser().post("/oauth2/introspect", {"token": token}, headers=basic(archive)).json()["active"])

    assert is_active()
    Browser().post("/oauth2/revoke", {"token": subject}, headers=basic(printer))
    assert not is_active()


def test_a_revoked_token_cannot_be_traded(archive: Registered, printer: Registered, subject: str) -> None:
    Browser().post("/oauth2/revoke", {"token": subject}, headers=basic(printer))

    assert trade(archive, subject).json()["error"] == "invalid_request"


def test_the_new_token_lives_no_longer_than_the_old(archive: Registered, printer: Registered, subject: str) -> None:
    archive.client.access_token_lifetime = 100_000
    archive.client.save()

    assert trade(archive, subject).json()["expires_in"] <= 3600


def test_a_chain_has_an_end(archive: Registered, subject: str) -> None:
    token = subject
    for _ in range(5):
        actor = actor_token(archive)
        token = trade(archive, token, actor_token=actor, actor_token_type=ACCESS_TOKEN).json()["access_token"]

    answer = trade(archive, token, actor_token=actor, actor_token_type=ACCESS_TOKEN)

    assert answer.json()["error"] == "invalid_request"
    assert Authorization.objects.filter(root=None).count() == 1
