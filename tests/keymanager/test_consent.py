from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager.models import Authorization, AuthorizationCode, Consent, ConsentRequest, Scope
from tests.keymanager.conftest import CALLBACK, Registered, authorize, decide, query_of, sign_in

pytestmark = pytest.mark.django_db


def page_of(browser: Browser, registered: Registered, **changes: str | None) -> str:
    return browser.get(urlsplit(authorize(browser, registered, **changes)["Location"]).path).content.decode()


def test_the_page_says_who_asks_what_and_where_one_returns_to(bobs_browser: Browser, printer: Registered) -> None:
    Scope.objects.create(name="photos:read", title="See your photos", description="All albums, read only")

    page = page_of(bobs_browser, printer)

    for words in ("Photo Printer", "by alice", "printer.example", "See your photos", "All albums, read only", "bob"):
        assert words in page
    for button in (">Approve<", ">Approve Always<", ">Deny<"):
        assert button in page


def test_markup_in_a_name_is_text(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    assert "<script>alert" not in page_of(bobs_browser, register(name="<script>alert(1)</script>"))


def test_approve_holds_once(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer))

    assert "/oauth2/consent/" in authorize(bobs_browser, printer)["Location"]


def test_approve_always_is_remembered(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    assert "code" in query_of(authorize(bobs_browser, printer))


def test_approve_always_covers_only_what_was_approved(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    wider = authorize(bobs_browser, printer, scope="photos:read photos:write")

    assert "/oauth2/consent/" in wider["Location"]


def test_approving_always_twice_is_fine(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")
    decide(bobs_browser, authorize(bobs_browser, printer, prompt="consent"), "approve_always")

    assert Consent.objects.count() == 1


@pytest.mark.rfc("6749#4.1.2.1")
def test_deny_is_told_to_the_client(bobs_browser: Browser, printer: Registered) -> None:
    answer = query_of(decide(bobs_browser, authorize(bobs_browser, printer), "deny"))

    assert answer["error"] == "access_denied"
    assert answer["error_description"] == "User denied the consent"
    assert answer["state"] == "xyz"
    assert not Authorization.objects.exists()


def test_a_second_answer_gets_a_page_and_makes_no_second_code(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)
    decide(bobs_browser, asked)

    again = decide(bobs_browser, asked)

    assert again.status_code == 400
    assert b"answered already" in again.content
    assert AuthorizationCode.objects.count() == 1


def test_a_forged_key_gets_a_page(bobs_browser: Browser, printer: Registered) -> None:
    assert bobs_browser.post("/oauth2/consent/forged", {"decision": "approve"}).status_code == 400


def test_an_answer_without_the_form_s_token_changes_nothing(printer: Registered, bob: User) -> None:
    browser = Browser(enforce_csrf_checks=False)
    asked = authorize(sign_in(browser, "bob"), printer)
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = browser.cookies

    answer = strict.post(urlsplit(asked["Location"]).path, {"decision": "approve"})

    assert answer.status_code == 403
    assert not Authorization.objects.exists()


def test_somebody_else_s_request_is_nobody_s(bobs_browser: Browser, printer: Registered, charlie: User) -> None:
    asked = authorize(bobs_browser, printer)

    answer = decide(sign_in(Browser(), "charlie"), asked)

    assert answer.status_code == 400
    assert not Authorization.objects.exists()


def test_another_browser_of_the_same_person_cannot_answer(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)

    assert decide(sign_in(Browser(), "bob"), asked).status_code == 400


def test_a_stale_request_gets_a_page(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)
    row = ConsentRequest.objects.get()
    ConsentRequest.objects.update(expires_at=row.created_at)

    assert b"waited too long" in decide(bobs_browser, asked).content


def test_no_decision_is_no_consent_and_can_be_made_up_for(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)

    assert decide(bobs_browser, asked, "").status_code == 400
    assert "code" in query_of(decide(bobs_browser, asked))


def test_a_trusted_client_is_not_asked_for(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    assert "code" in query_of(authorize(bobs_browser, register(skip_authorization=True)))


def test_not_you_signs_out_and_returns_to_the_same_request(bobs_browser: Browser, printer: Registered) -> None:
    page = page_of(bobs_browser, printer)
    assert "Not you?" in page

    response = bobs_browser.post("/oauth2/account/logout/", {"next": f"/oauth2/authorize?client_id={printer.id}"})

    assert response["Location"] == f"/oauth2/authorize?client_id={printer.id}"
    assert "/oauth2/account/login/" in authorize(bobs_browser, printer)["Location"]


def test_a_callback_withdrawn_while_the_page_was_open_is_no_target(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)
    printer.client.uris.all().delete()

    answer = decide(bobs_browser, asked)

    assert answer.status_code == 400
    assert CALLBACK not in answer.headers.get("Location", "")
