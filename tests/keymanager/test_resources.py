"""RFC 8707: tokens for one resource only."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest
from django.conf import settings
from django.test import Client as Browser

from keymanager.models import Consent, Resource
from tests.keymanager.conftest import Registered, authorize, basic, code_for, decide, exchange, post_token, query_of

pytestmark = pytest.mark.django_db
PHOTOS = f"{settings.ACCESS_TOKEN_AUDIENCE}/photos/1.0"
ARCHIVE = "https://archive.example/api"


@pytest.fixture(autouse=True)
def _archive(db: None) -> None:
    Resource.objects.create(uri=ARCHIVE, title="Archive")


def audience(answer: object) -> object:
    token = answer.json()["access_token"]  # type: ignore[attr-defined]
    return jwt.decode(token, options={"verify_signature": False})["aud"]


@pytest.mark.rfc("9068#3")
def test_without_a_resource_a_token_is_for_the_gateway(bobs_browser: Browser, printer: Registered) -> None:
    assert audience(exchange(printer, code_for(bobs_browser, printer))) == settings.ACCESS_TOKEN_AUDIENCE


@pytest.mark.rfc("8707#2")
@pytest.mark.parametrize("uri", [PHOTOS, ARCHIVE])
def test_a_token_is_for_the_resource_asked_for(bobs_browser: Browser, printer: Registered, uri: str) -> None:
    assert audience(exchange(printer, code_for(bobs_browser, printer, resource=uri))) == uri


@pytest.mark.rfc("8707#2")
def test_a_resource_may_be_named_several_times(bobs_browser: Browser, printer: Registered) -> None:
    asked = bobs_browser.get(
        "/oauth2/authorize",
        {
            "response_type": "code",
            "client_id": printer.id,
            "redirect_uri": "https://printer.example/callback",
            "resource": [PHOTOS, ARCHIVE],
        },
    )
    code = query_of(decide(bobs_browser, asked))["code"]

    assert audience(exchange(printer, code)) == [PHOTOS, ARCHIVE]


@pytest.mark.rfc("8707#2")
@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example",
        f"{PHOTOS}#fragment",
        "photos",
        "https://[broken",
        f"{settings.ACCESS_TOKEN_AUDIENCE}/../x",
        f"{settings.ACCESS_TOKEN_AUDIENCE}.evil.example/photos",
        "https://localhost:8243/é",
        PHOTOS + "/x" * 200,
    ],
)
def test_an_unknown_resource_is_an_invalid_target(bobs_browser: Browser, printer: Registered, uri: str) -> None:
    answer = query_of(authorize(bobs_browser, printer, resource=uri))

    assert answer["error"] == "invalid_target"
    assert post_token(printer, grant_type="client_credentials", resource=uri).json()["error"] == "invalid_target"


@pytest.mark.rfc("8707#2.2")
def test_an_exchange_may_narrow_to_one_of_the_resources(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer, resource=f"{PHOTOS} {ARCHIVE}")

    assert audience(exchange(printer, code, resource=ARCHIVE)) == ARCHIVE


@pytest.mark.rfc("8707#2.2")
def test_an_exchange_never_widens(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer, resource=PHOTOS)

    assert exchange(printer, code, resource=ARCHIVE).json()["error"] == "invalid_target"
    assert exchange(printer, code).status_code == 200


@pytest.mark.rfc("8707#2.2")
def test_a_refresh_narrows_one_token_and_keeps_what_was_authorized(bobs_browser: Browser, printer: Registered) -> None:
    pair = exchange(printer, code_for(bobs_browser, printer, resource=f"{PHOTOS} {ARCHIVE}")).json()
    narrow = post_token(printer, grant_type="refresh_token", refresh_token=pair["refresh_token"], resource=PHOTOS)
    wide = post_token(printer, grant_type="refresh_token", refresh_token=narrow.json()["refresh_token"])

    assert audience(narrow) == PHOTOS
    assert audience(wide) == [PHOTOS, ARCHIVE]


@pytest.mark.rfc("8707#2")
def test_an_application_token_may_be_for_a_resource(printer: Registered) -> None:
    assert audience(post_token(printer, grant_type="client_credentials", resource=PHOTOS)) == PHOTOS


def test_a_consent_is_for_the_resources_it_named(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer, resource=ARCHIVE), "approve_always")

    assert "code" in query_of(authorize(bobs_browser, printer, resource=ARCHIVE))
    assert "/consent/" in authorize(bobs_browser, printer)["Location"]
    assert Consent.objects.get().resource == ARCHIVE


def test_a_consent_for_the_gateway_holds_for_its_apis_and_for_nothing_else(
    bobs_browser: Browser, printer: Registered
) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    assert "code" in query_of(authorize(bobs_browser, printer, resource=PHOTOS))
    assert "/consent/" in authorize(bobs_browser, printer, resource=ARCHIVE)["Location"]


def test_the_consent_page_names_the_resource(bobs_browser: Browser, printer: Registered) -> None:
    page = bobs_browser.get(authorize(bobs_browser, printer, resource=ARCHIVE)["Location"])

    assert ARCHIVE in page.content.decode()


@pytest.mark.rfc("7662#4")
@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_the_resource_s_own_server_may_introspect(register: Callable[..., Registered], token_format: str) -> None:
    printer, archive = register(access_token_format=token_format), register(name="Archive")
    Resource.objects.update(server=archive.client)
    mine = post_token(printer, grant_type="client_credentials", resource=ARCHIVE).json()["access_token"]
    other = post_token(printer, grant_type="client_credentials").json()["access_token"]

    def introspect(token: str) -> dict[str, object]:
        answer: dict[str, object] = (
            Browser().post("/oauth2/introspect", {"token": token}, headers=basic(archive)).json()
        )
        return answer

    assert introspect(mine)["aud"] == ARCHIVE
    assert introspect(other) == {"active": False}
