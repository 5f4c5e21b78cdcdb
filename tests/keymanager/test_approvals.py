"""The page "Applications with access": what a person agreed to, told, downloaded and withdrawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from keymanager.models import (
    Authorization,
    AuthorizationCode,
    Client,
    Consent,
    ConsentRequest,
    Origin,
    RefreshToken,
    Scope,
    TokenFormat,
)
from tests.keymanager.conftest import Registered, authorize, code_for, decide, exchange, post_token, query_of, sign_in

pytestmark = pytest.mark.django_db

PAGE = "/oauth2/"


def page(browser: Browser) -> str:
    response = browser.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def withdraw(browser: Browser, registered: Registered) -> Any:
    return browser.post(f"/oauth2/approvals/{registered.client.pk}/withdraw", follow=True)


def userinfo(token: str) -> int:
    return Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code


def tokens_of(browser: Browser, registered: Registered) -> dict[str, Any]:
    members: dict[str, Any] = exchange(registered, code_for(browser, registered, scope="openid photos:read")).json()
    return members


def test_nobody_s_page_asks_to_sign_in() -> None:
    for address in (PAGE, "/oauth2/approvals.json"):
        assert "/oauth2/account/login/" in Browser().get(address)["Location"]


def test_with_nothing_approved_it_says_how_one_gets_here(bobs_browser: Browser) -> None:
    text = page(bobs_browser)

    assert "No application has access" in text
    assert "you are asked first" in text
    assert ">Sign Out<" in text


def test_an_application_is_there_with_its_owner_and_its_scopes_in_words(
    bobs_browser: Browser, printer: Registered
) -> None:
    Scope.objects.create(name="photos:read", title="See your photos")
    decide(bobs_browser, authorize(bobs_browser, printer))

    text = page(bobs_browser)

    for words in ("Photo Printer", "by alice", "See your photos", "For this time", ">Withdraw<"):
        assert words in text


def test_an_application_that_nobody_vouches_for_says_so(bobs_browser: Browser, printer: Registered) -> None:
    printer.client.origin = Origin.ITSELF
    printer.client.save()
    decide(bobs_browser, authorize(bobs_browser, printer))

    assert "registered itself, not verified" in page(bobs_browser)


def test_what_is_remembered_says_until_when(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)
    bobs_browser.post(urlsplit(asked["Location"]).path, {"decision": "approve_always", "duration": "1-day"})

    text = page(bobs_browser)

    assert f"{Consent.objects.get().expires_at:%Y, %H:%M} UTC</time>" in text
    assert "For this time" not in text


def test_what_is_remembered_for_good_says_so(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    assert "Until withdrawn" in page(bobs_browser)


def test_a_refresh_is_a_use(bobs_browser: Browser, printer: Registered) -> None:
    tokens_of(bobs_browser, printer)
    approved = timezone.now() - timedelta(days=3)
    Authorization.objects.update(created_at=approved)
    used = RefreshToken.objects.get().created

    told = bobs_browser.get("/oauth2/approvals.json").json()["applications"][0]

    assert told["last_used_at"][:19] == used.isoformat()[:19]
    assert told["approved_at"][:10] == f"{approved:%Y-%m-%d}"


def test_what_can_do_nothing_any_more_is_not_there(bobs_browser: Browser, printer: Registered) -> None:
    tokens_of(bobs_browser, printer)
    past = timezone.now() - timedelta(days=2)
    Authorization.objects.update(created_at=past)
    RefreshToken.objects.update(created=past, expires_at=past)

    assert "Photo Printer" not in page(bobs_browser)


def test_a_denied_application_is_not_there(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "deny")

    assert "No application has access" in page(bobs_browser)


def test_markup_in_a_name_is_text(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    decide(bobs_browser, authorize(bobs_browser, register(name="<script>alert(1)</script>")))

    assert "<script>alert" not in page(bobs_browser)


@pytest.mark.rfc("7009#2.1")
@pytest.mark.parametrize("token_format", TokenFormat.values)
def test_after_withdrawing_no_token_works(
    bobs_browser: Browser, register: Callable[..., Registered], token_format: str
) -> None:
    printer = register(access_token_format=token_format)
    issued = tokens_of(bobs_browser, printer)
    assert userinfo(issued["access_token"]) == 200

    text = withdraw(bobs_browser, printer).content.decode()

    assert "Photo Printer gets nothing more from you." in text
    assert userinfo(issued["access_token"]) == 401
    refused = post_token(printer, grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_refresh_token_used_a_moment_ago_answers_no_more(bobs_browser: Browser, printer: Registered) -> None:
    issued = tokens_of(bobs_browser, printer)
    renew = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    newer = post_token(printer, **renew).json()

    withdraw(bobs_browser, printer)

    assert post_token(printer, **renew).status_code == 400
    assert post_token(printer, **(renew | {"refresh_token": newer["refresh_token"]})).status_code == 400
    assert userinfo(newer["access_token"]) == 401


def test_after_withdrawing_the_application_has_to_ask_again(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    withdraw(bobs_browser, printer)

    assert "/oauth2/consent/" in authorize(bobs_browser, printer)["Location"]
    assert query_of(authorize(bobs_browser, printer, prompt="none"))["error"] == "consent_required"


def test_a_code_on_its_way_dies_too(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)

    withdraw(bobs_browser, printer)

    assert exchange(printer, code).json()["error"] == "invalid_grant"
    assert not AuthorizationCode.objects.exists()


def test_a_waiting_consent_page_dies_too(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer))
    asked = authorize(bobs_browser, printer)

    withdraw(bobs_browser, printer)

    assert decide(bobs_browser, asked).status_code == 400
    assert not ConsentRequest.objects.exists()


def test_withdrawing_twice_is_harmless(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")
    withdraw(bobs_browser, printer)
    first = Authorization.objects.get().revoked_at

    again = withdraw(bobs_browser, printer)

    assert "nothing was left to withdraw" in again.content.decode()
    assert Authorization.objects.get().revoked_at == first


def test_other_people_and_other_applications_keep_theirs(
    bobs_browser: Browser, charlie: User, printer: Registered, register: Callable[..., Registered]
) -> None:
    scanner, charlies = register(name="Scanner"), sign_in(Browser(), "charlie")
    kept = [tokens_of(charlies, printer), tokens_of(bobs_browser, scanner)]
    tokens_of(bobs_browser, printer)

    withdraw(bobs_browser, printer)

    assert [userinfo(issued["access_token"]) for issued in kept] == [200, 200]
    assert "Scanner" in page(bobs_browser)
    assert "Photo Printer" in page(charlies)


def test_a_stranger_withdraws_nothing_and_learns_no_name(
    bobs_browser: Browser, charlie: User, printer: Registered
) -> None:
    issued = tokens_of(bobs_browser, printer)
    charlies = sign_in(Browser(), "charlie")

    answer = withdraw(charlies, printer)

    assert "Photo Printer" not in answer.content.decode()
    assert "Photo Printer" not in page(charlies)
    assert userinfo(issued["access_token"]) == 200


def test_nobody_withdraws_nothing(bobs_browser: Browser, printer: Registered) -> None:
    issued = tokens_of(bobs_browser, printer)

    answer = withdraw(Browser(), printer)

    assert answer.redirect_chain[0] == (PAGE, 302)
    assert userinfo(issued["access_token"]) == 200


@pytest.mark.parametrize(("method", "status"), [("get", 405), ("put", 405), ("post", 403)])
def test_only_the_form_withdraws(bobs_browser: Browser, printer: Registered, method: str, status: int) -> None:
    issued = tokens_of(bobs_browser, printer)
    strict = Browser(enforce_csrf_checks=method == "post")
    strict.cookies = bobs_browser.cookies

    answer = getattr(strict, method)(f"/oauth2/approvals/{printer.client.pk}/withdraw")

    assert answer.status_code == status
    assert userinfo(issued["access_token"]) == 200


@pytest.mark.parametrize("name", ["0", "999999999999999999999999", "x", "-1"])
def test_an_unknown_application_is_not_found(bobs_browser: Browser, name: str) -> None:
    assert bobs_browser.post(f"/oauth2/approvals/{name}/withdraw").status_code == 404


def test_what_was_agreed_can_be_taken_away(bobs_browser: Browser, printer: Registered) -> None:
    Scope.objects.create(name="photos:read", title="See your photos", description="All albums, read only")
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    response = bobs_browser.get("/oauth2/approvals.json")

    assert response["Content-Disposition"] == 'attachment; filename="applications-with-access.json"'
    assert "no-store" in response["Cache-Control"]
    told = json.loads(response.content)
    assert (told["person"], told["issuer"]) == ("bob", settings.ISSUER)
    (told,) = told["applications"]
    assert (told["name"], told["owner"], told["client_id"]) == ("Photo Printer", "alice", printer.id)
    (scope,) = told["scopes"]
    assert (scope["title"], scope["remembered"], scope["remembered_until"]) == ("See your photos", True, None)


@pytest.mark.parametrize("address", [PAGE, "/oauth2/approvals.json"])
@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_statements_does_not_grow(
    bobs_browser: Browser, bob: User, register: Callable[..., Registered], address: str, count: int, statements: Any
) -> None:
    for number in range(count):
        approved(bob, register(name=f"Application {number}").client)
    bobs_browser.get(address)

    with statements(8):  # session, person, and six
        text = bobs_browser.get(address).content.decode()

    assert f"Application {count - 1}" in text


@pytest.mark.parametrize("count", [1, 30])
def test_withdrawing_takes_as_many_statements_however_much_there_is(
    bobs_browser: Browser, bob: User, printer: Registered, count: int, statements: Any
) -> None:
    for _ in range(count):
        approved(bob, printer.client)
    bobs_browser.get(PAGE)

    with statements(19):  # session, person, client, ten, the message in the session, and savepoints
        bobs_browser.post(f"/oauth2/approvals/{printer.client.pk}/withdraw")

    assert not Authorization.objects.filter(revoked_at=None).exists()


@pytest.fixture
def statements(django_assert_max_num_queries: Any) -> Any:
    return django_assert_max_num_queries


def approved(user: User, client: Client) -> None:
    Authorization.objects.create(user=user, client=client, scope="photos:read", auth_time=timezone.now())
    Consent.objects.get_or_create(user=user, client=client, scope="photos:write")
