"""Pairwise subjects: clients of different sectors cannot compare notes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from accounts.models import User
from keymanager import errors, fetching, sector_identifiers
from keymanager.fetching import Document
from tests.keymanager.conftest import CALLBACK, Registered, authorize, basic, code_for, exchange, post_token

pytestmark = pytest.mark.django_db
OTHER = "https://scanner.example/callback"
SECTOR = "https://sector.example/uris.json"


@pytest.fixture
def pairwise(register: Callable[..., Registered]) -> Callable[..., Registered]:
    def registered(**metadata: Any) -> Registered:
        made = register(redirect_uris=metadata.pop("redirect_uris", [CALLBACK]))
        made.client.metadata = {"subject_type": "pairwise"} | metadata
        made.client.save(update_fields=["metadata"])
        return made

    return registered


def decoded(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def sub_of(browser: Browser, registered: Registered, **changes: str) -> str:
    return str(decoded(answered(browser, registered, **changes)["id_token"])["sub"])


def answered(browser: Browser, registered: Registered, **changes: str) -> dict[str, Any]:
    code = code_for(browser, registered, scope="openid", **changes)
    answer: dict[str, Any] = exchange(registered, code, **changes).json()
    return answer


@pytest.mark.rfc("oidc-core#8.1")
def test_every_token_names_the_same_subject(
    bobs_browser: Browser, pairwise: Callable[..., Registered], bob: User
) -> None:
    registered = pairwise()
    answer = answered(bobs_browser, registered)
    token, headers = answer["access_token"], {"Authorization": f"Bearer {answer['access_token']}"}
    introspected = Browser().post("/oauth2/introspect", {"token": token}, headers=basic(registered)).json()
    refreshed = post_token(registered, grant_type="refresh_token", refresh_token=answer["refresh_token"]).json()

    subs = {decoded(answer["id_token"])["sub"], decoded(token)["sub"], introspected["sub"]}
    subs |= {Browser().get("/oauth2/userinfo", headers=headers).json()["sub"], decoded(refreshed["id_token"])["sub"]}

    assert len(subs) == 1
    assert str(bob.subject) not in subs.pop()


@pytest.mark.rfc("oidc-core#8.1")
def test_the_sector_decides(bobs_browser: Browser, pairwise: Callable[..., Registered]) -> None:
    printer, twin, scanner = pairwise(), pairwise(), pairwise(redirect_uris=[OTHER])

    assert sub_of(bobs_browser, printer) == sub_of(bobs_browser, twin)
    assert sub_of(bobs_browser, printer) != sub_of(bobs_browser, scanner, redirect_uri=OTHER)


@pytest.mark.rfc("oidc-core#8.1")
def test_a_sector_identifier_joins_hosts(bobs_browser: Browser, pairwise: Callable[..., Registered]) -> None:
    printer = pairwise(sector_identifier_uri=SECTOR)
    scanner = pairwise(sector_identifier_uri=SECTOR, redirect_uris=[OTHER])

    assert sub_of(bobs_browser, printer) == sub_of(bobs_browser, scanner, redirect_uri=OTHER)


def test_an_id_token_hint_of_it_is_understood(bobs_browser: Browser, pairwise: Callable[..., Registered]) -> None:
    registered = pairwise()
    hint = answered(bobs_browser, registered)["id_token"]

    assert "/consent/" in authorize(bobs_browser, registered, scope="openid", id_token_hint=hint)["Location"]


@pytest.mark.rfc("oidc-registration#5")
def test_several_hosts_need_a_sector_identifier() -> None:
    with pytest.raises(errors.InvalidClientMetadata):
        sector_identifiers.check({"subject_type": "pairwise"}, [CALLBACK, OTHER])

    sector_identifiers.check({"subject_type": "pairwise"}, [CALLBACK, CALLBACK + "/2"])
    sector_identifiers.check({}, [CALLBACK, OTHER])


@pytest.mark.rfc("oidc-registration#5")
@pytest.mark.parametrize("document", [["https://other.example/"], {}, [1], [[CALLBACK]], CALLBACK, None])
def test_the_document_has_to_name_every_redirect_uri(monkeypatch: pytest.MonkeyPatch, document: Any) -> None:
    monkeypatch.setattr(fetching, "fetch", lambda url, kind: Document(value=document, max_age=0))

    with pytest.raises(errors.InvalidClientMetadata):
        sector_identifiers.check({"sector_identifier_uri": SECTOR}, [CALLBACK])


@pytest.mark.rfc("oidc-registration#5")
def test_a_document_that_names_them_all_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    named = Document(value=[CALLBACK, OTHER, "https://a.example/"], max_age=0)
    monkeypatch.setattr(fetching, "fetch", lambda url, kind: named)

    sector_identifiers.check({"sector_identifier_uri": SECTOR, "subject_type": "pairwise"}, [CALLBACK, OTHER])


def test_a_document_that_cannot_be_fetched_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(url: str, kind: fetching.Kind) -> Document:
        raise fetching.NotFetched("status 404")

    monkeypatch.setattr(fetching, "fetch", unreachable)

    with pytest.raises(errors.InvalidClientMetadata, match="cannot be read"):
        sector_identifiers.check({"sector_identifier_uri": SECTOR}, [CALLBACK])


@pytest.mark.rfc("oidc-registration#5")
@pytest.mark.parametrize(("document", "status"), [([CALLBACK, OTHER], 201), ([CALLBACK], 400)])
def test_a_registration_is_held_to_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, document: list[str], status: int
) -> None:
    settings.REGISTRATION = "open"
    monkeypatch.setattr(fetching, "fetch", lambda url, kind: Document(value=document, max_age=0))
    body = {"redirect_uris": [CALLBACK, OTHER], "subject_type": "pairwise", "sector_identifier_uri": SECTOR}

    response = Browser().post("/oauth2/register", body, content_type="application/json")

    assert response.status_code == status
    assert response.json().get("error", "") == ("" if status == 201 else "invalid_client_metadata")
