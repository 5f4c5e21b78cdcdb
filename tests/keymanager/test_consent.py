from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from keymanager import clients
from keymanager.models import Authorization, AuthorizationCode, Consent, ConsentRequest, Scope
from tests.keymanager.conftest import CALLBACK, Registered, authorize, challenge, decide, exchange, query_of, sign_in

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


def test_who_somebody_is_comes_before_what_of_theirs_is_asked_for(bobs_browser: Browser, printer: Registered) -> None:
    page = page_of(bobs_browser, printer, scope="photos:read email openid", claims='{"userinfo":{"birthdate":null}}')

    order = ("Know who you are", "See your e-mail address", "See your date of birth", "photos:read")
    places = [page.index(words) for words in order]
    assert places == sorted(places)


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
    page = bobs_browser.post("/oauth2/consent/forged", {"decision": "approve"})

    assert page.status_code == 400
    assert "start again" in page.content.decode()
    assert "developer" not in page.content.decode(), "nobody has made a mistake"


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


def approve_always(browser: Browser, registered: Registered, duration: str, **changes: str | None) -> Any:
    path = urlsplit(authorize(browser, registered, **changes)["Location"]).path
    return browser.post(path, {"decision": "approve_always", "duration": duration})


def test_the_page_asks_for_how_long_and_says_how_to_withdraw(bobs_browser: Browser, printer: Registered) -> None:
    page = page_of(bobs_browser, printer)

    assert "“Approve Always” is remembered for</label>" in page
    for words in (">Until withdrawn<", ">30 days<", ">One day<", ">One hour<"):
        assert words in page
    assert 'You can withdraw this any time under <a href="/oauth2/">Applications with access</a>.' in page


@pytest.mark.parametrize(("duration", "hours"), [("30-days", 720), ("1-day", 24), ("1-hour", 1)])
def test_always_is_for_as_long_as_was_chosen(
    bobs_browser: Browser, printer: Registered, duration: str, hours: int
) -> None:
    approve_always(bobs_browser, printer, duration)
    assert "code" in query_of(authorize(bobs_browser, printer))

    row = Consent.objects.get()
    assert row.expires_at is not None
    assert row.expires_at - row.granted_at == timedelta(hours=hours)
    Consent.objects.update(expires_at=timezone.now())

    assert "/oauth2/consent/" in authorize(bobs_browser, printer)["Location"]


def test_the_longest_scope_there_is_can_be_remembered(bobs_browser: Browser, printer: Registered) -> None:
    """PostgreSQL keeps no longer one than the column has room for."""
    room = Consent._meta.get_field("scope").max_length or 0
    longest = "device_" + "x" * (room - len("device_"))
    approve_always(bobs_browser, printer, "until-withdrawn", scope=f"{longest} {longest}x")

    assert [row.scope for row in Consent.objects.all()] == [longest]


def test_always_until_withdrawn_has_no_end_and_replaces_one(bobs_browser: Browser, printer: Registered) -> None:
    approve_always(bobs_browser, printer, "1-hour")
    approve_always(bobs_browser, printer, "until-withdrawn", prompt="consent")

    assert Consent.objects.get().expires_at is None


def test_an_unknown_time_remembers_nothing_and_can_be_made_up_for(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer)
    path = urlsplit(asked["Location"]).path

    answer = bobs_browser.post(path, {"decision": "approve_always", "duration": "100-years"})

    assert answer.status_code == 400
    assert not Consent.objects.exists()
    assert "code" in query_of(decide(bobs_browser, asked))


def test_approve_once_remembers_nothing_whatever_the_time_says(bobs_browser: Browser, printer: Registered) -> None:
    path = urlsplit(authorize(bobs_browser, printer)["Location"]).path

    bobs_browser.post(path, {"decision": "approve", "duration": "30-days"})

    assert not Consent.objects.exists()


def test_only_what_is_new_is_asked_and_the_rest_is_told_apart(bobs_browser: Browser, printer: Registered) -> None:
    approve_always(bobs_browser, printer, "1-hour")

    page = page_of(bobs_browser, printer, scope="photos:read photos:write")

    asked, _, told = page.partition("Already approved")
    assert "photos:write" in asked
    assert "<strong>photos:read" not in asked
    assert "photos:read" in told


def test_a_new_answer_leaves_what_was_approved_before_as_it_was(bobs_browser: Browser, printer: Registered) -> None:
    approve_always(bobs_browser, printer, "1-hour")
    before = Consent.objects.get().expires_at

    approve_always(bobs_browser, printer, "until-withdrawn", scope="photos:read photos:write")

    assert dict(Consent.objects.values_list("scope", "expires_at")) == {"photos:read": before, "photos:write": None}


@pytest.mark.parametrize("prompt", [None, "consent"])
def test_with_nothing_approved_or_all_asked_again_nothing_is_told_apart(
    bobs_browser: Browser, printer: Registered, prompt: str | None
) -> None:
    if prompt:
        approve_always(bobs_browser, printer, "1-hour")

    page = page_of(bobs_browser, printer, prompt=prompt)

    assert "Already approved" not in page
    assert "<strong>photos:read" in page


@pytest.mark.rfc("oidc-core#11")
def test_offline_access_is_asked_for_in_words_and_ignored_without_a_code(
    bobs_browser: Browser, printer: Registered
) -> None:
    assert "Go on when you have signed out" in page_of(bobs_browser, printer, scope="openid offline_access")
    implicit = page_of(bobs_browser, printer, scope="openid offline_access", response_type="id_token", nonce="n")
    assert "Go on when you have signed out" not in implicit


@pytest.mark.rfc("oidc-core#11")
def test_offline_access_is_for_clients_with_refresh_tokens(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    registered = register(grant_types=["authorization_code"])

    assert "Go on when you have signed out" not in page_of(bobs_browser, registered, scope="openid offline_access")


def test_what_the_application_is_given_while_the_page_is_open_is_not_approved(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    app = register(scopes=["photos:read"])
    asked = authorize(bobs_browser, app, scope="photos:read photos:write")
    assert "photos:write" not in bobs_browser.get(asked["Location"]).content.decode()

    clients.update(app.client, redirect_uris=[CALLBACK], scopes=["photos:read", "photos:write"])
    code = query_of(decide(bobs_browser, asked, "approve_always"))["code"]

    assert exchange(app, code).json()["scope"] == "photos:read"
    assert [row.scope for row in Consent.objects.all()] == ["photos:read"]


@pytest.mark.rfc("8252#8.6")
@pytest.mark.parametrize("callback", ["http://127.0.0.1:5000/back", "com.example.printer:/back"])
def test_an_application_that_another_could_pass_for_is_asked_for_each_time(
    bobs_browser: Browser, register: Callable[..., Registered], callback: str
) -> None:
    app = register(public=True, redirect_uris=[callback])
    parameters = {"redirect_uri": callback, **challenge()}
    page = bobs_browser.get(authorize(bobs_browser, app, **parameters)["Location"]).content.decode()
    assert ("You are asked each time" in page, "Approve Always" in page) == (True, False)

    decide(bobs_browser, authorize(bobs_browser, app, **parameters), "approve_always")

    assert "/oauth2/consent/" in authorize(bobs_browser, app, **parameters)["Location"]
    assert query_of(authorize(bobs_browser, app, prompt="none", **parameters))["error"] == "consent_required"
    assert not Consent.objects.exists()


@pytest.mark.rfc("8252#8.6")
@pytest.mark.parametrize("public", [True, False])
def test_an_address_or_a_secret_of_its_own_assures_who_it_is(
    bobs_browser: Browser, register: Callable[..., Registered], public: bool
) -> None:
    callback = CALLBACK if public else "http://127.0.0.1:5000/back"
    app = register(public=public, redirect_uris=[callback])
    parameters = {"redirect_uri": callback, **challenge()}

    decide(bobs_browser, authorize(bobs_browser, app, **parameters), "approve_always")

    assert "code" in query_of(authorize(bobs_browser, app, **parameters))
