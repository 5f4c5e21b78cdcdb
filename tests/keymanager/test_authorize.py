from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from keymanager import clients
from keymanager.models import AuthorizationCode, ClientURI
from tests.keymanager.conftest import CALLBACK, Registered, authorize, code_for, decide, query_of

pytestmark = pytest.mark.django_db


@pytest.mark.rfc("6749#4.1.2")
def test_an_approved_request_comes_back_with_a_code_and_the_state(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer))

    assert answer["Location"].startswith(f"{CALLBACK}?")
    assert set(query_of(answer)) == {"code", "state", "iss"}
    assert query_of(answer)["state"] == "xyz"


@pytest.mark.rfc("9207#2")
def test_the_answer_says_who_answers(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer))

    assert query_of(answer)["iss"] == "https://localhost:9443"


@pytest.mark.rfc("6749#4.1.2.1")
def test_an_unknown_client_is_named_on_a_page_and_never_redirected(db: None) -> None:
    response = Browser().get("/oauth2/authorize?response_type=code&client_id=nobody&redirect_uri=https://evil.example")

    assert response.status_code == 400
    assert b"nobody" in response.content
    assert "Location" not in response


@pytest.mark.rfc("6749#4.1.2.1")
def test_a_foreign_redirect_uri_is_named_on_a_page_and_never_redirected(printer: Registered) -> None:
    response = authorize(Browser(), printer, redirect_uri="https://evil.example/?a=<b>")

    assert response.status_code == 400
    assert b"https://evil.example/?a=&lt;b&gt;" in response.content
    assert CALLBACK.encode() not in response.content


@pytest.mark.parametrize(
    "uri",
    [CALLBACK + "/", CALLBACK.upper(), CALLBACK + "?x=1", CALLBACK + "#f", "https://printer.example:443/callback"],
)
@pytest.mark.rfc("9700#2.1")
def test_a_redirect_uri_is_compared_character_by_character(printer: Registered, uri: str) -> None:
    assert authorize(Browser(), printer, redirect_uri=uri).status_code == 400


def test_the_redirect_uri_must_be_present_even_if_one_is_registered(printer: Registered) -> None:
    response = authorize(Browser(), printer, redirect_uri=None)

    assert response.status_code == 400
    assert b"Redirect URI is not present in the authorization request" in response.content


@pytest.mark.rfc("6749#3.1")
def test_a_repeated_parameter_gets_a_page(printer: Registered) -> None:
    query = f"response_type=code&client_id={printer.id}&client_id=other&redirect_uri={CALLBACK}"

    response = Browser().get(f"/oauth2/authorize?{query}")

    assert response.status_code == 400
    assert b"repeated parameters" in response.content


def test_a_nul_in_a_parameter_gets_a_page(printer: Registered) -> None:
    assert Browser().get("/oauth2/authorize?client_id=%00").status_code == 400


def test_nobody_is_asked_to_sign_in_for_a_faulty_request(printer: Registered) -> None:
    answer = authorize(Browser(), printer, response_type="nonsense")

    assert query_of(answer)["error"] == "unsupported_response_type"


def test_who_is_not_signed_in_goes_to_the_login_page_and_comes_back(printer: Registered) -> None:
    response = authorize(Browser(), printer)

    assert response["Location"].startswith("https://localhost:9443/oauth2/account/login/?next=%2Foauth2%2Fauthorize")
    assert parse_qs(urlsplit(response["Location"]).query)["next"][0].count(printer.id) == 1


def test_a_sign_in_at_the_store_is_none_at_the_key_manager(printer: Registered, bob: object) -> None:
    browser = Browser()
    browser.post("/accounts/login/", {"login": "bob", "password": "bob"})

    response = authorize(browser, printer)

    assert "/oauth2/account/login/" in response["Location"]


def test_a_separate_authentication_server_is_a_setting(printer: Registered, settings: Settings) -> None:
    settings.AUTHENTICATION_ENDPOINT_URL = "https://login.example/authenticationendpoint/login.do"

    response = authorize(Browser(), printer)

    assert response["Location"].startswith("https://login.example/authenticationendpoint/login.do?next=")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragmint"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "sing"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"request": "eyJ"}, "invalid_request_object"),
        ({"request_uri": "urn:x"}, "invalid_request_uri"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 43}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_other_faults_go_back_to_the_client(
    bobs_browser: Browser, printer: Registered, changes: dict[str, str | None], error: str
) -> None:
    answer = query_of(authorize(bobs_browser, printer, **changes))

    assert answer["error"] == error
    assert answer["state"] == "xyz"
    assert answer["error_description"]


@pytest.mark.rfc("6749#3.1.1")
@pytest.mark.parametrize("response_type", ["nonsense", "code nonsense", "none", "TOKEN", "token token"])
def test_that_a_response_type_is_unknown_is_told_in_the_query(
    bobs_browser: Browser, printer: Registered, response_type: str
) -> None:
    address = urlsplit(authorize(bobs_browser, printer, response_type=response_type)["Location"])

    assert parse_qs(address.query)["error"] == ["unsupported_response_type"]
    assert address.fragment == ""


def test_a_grant_type_that_is_not_ticked_is_refused(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    only_application = register(grant_types=["client_credentials"])

    answer = query_of(authorize(bobs_browser, only_application))

    assert answer["error"] == "unauthorized_client"


@pytest.mark.rfc("9700#2.1.1")
def test_a_public_client_must_send_a_challenge(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    answer = query_of(authorize(bobs_browser, register(public=True)))

    assert answer["error"] == "invalid_request"
    assert "PKCE is mandatory" in answer["error_description"]


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_prompt_none_without_a_session_is_login_required(printer: Registered) -> None:
    assert query_of(authorize(Browser(), printer, prompt="none"))["error"] == "login_required"


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_prompt_none_without_consent_is_consent_required(bobs_browser: Browser, printer: Registered) -> None:
    assert query_of(authorize(bobs_browser, printer, prompt="none"))["error"] == "consent_required"


def test_prompt_none_with_remembered_consent_answers_at_once(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")

    assert "code" in query_of(authorize(bobs_browser, printer, prompt="none"))


def test_max_age_zero_asks_again(bobs_browser: Browser, printer: Registered) -> None:
    assert "/oauth2/account/login/" in authorize(bobs_browser, printer, max_age="0")["Location"]


def test_a_blocked_client_is_unknown(bobs_browser: Browser, printer: Registered) -> None:
    printer.client.blocked_at = printer.client.created
    printer.client.save(update_fields=["blocked_at"])

    assert authorize(bobs_browser, printer).status_code == 400


@pytest.mark.rfc("6749#3.1.2")
def test_a_query_of_the_registered_uri_is_kept(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(redirect_uris=[CALLBACK + "?tenant=1"])

    answer = decide(bobs_browser, authorize(bobs_browser, registered, redirect_uri=CALLBACK + "?tenant=1"))

    assert answer["Location"].startswith(f"{CALLBACK}?tenant=1&code=")


def test_two_callbacks_both_work(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    second = "com.example.printer:/back"
    registered = register(redirect_uris=[CALLBACK, second])

    answer = decide(bobs_browser, authorize(bobs_browser, registered, redirect_uri=second))

    assert answer["Location"].startswith(f"{second}?code=")


def test_the_code_is_not_in_the_database(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)

    row = AuthorizationCode.objects.values().get()
    assert code not in str(row)


def test_the_use_of_a_callback_is_remembered(bobs_browser: Browser, printer: Registered) -> None:
    code_for(bobs_browser, printer)

    assert ClientURI.objects.get().last_used_at is not None


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.parametrize("state", ["xyz", "s" * 5000])
def test_a_post_from_another_site_finds_who_is_signed_in(
    bobs_browser: Browser, printer: Registered, state: str
) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer), "approve_always")
    values = {"response_type": "code", "client_id": printer.id, "redirect_uri": CALLBACK, "scope": "photos:read"}

    # No SameSite=Lax cookie comes with such a form.
    answer = Browser().post("/oauth2/authorize", values | {"prompt": "none", "state": state})

    assert answer.status_code == 303
    back = query_of(bobs_browser.get(answer["Location"].removeprefix("https://localhost:9443")))
    assert "code" in back
    assert back["state"] == state


def test_the_page_may_also_be_asked_by_post(bobs_browser: Browser, printer: Registered) -> None:
    values = {"response_type": "code", "client_id": printer.id, "redirect_uri": CALLBACK, "scope": "photos:read"}

    response = bobs_browser.post("/oauth2/authorize", values)

    assert "/oauth2/consent/" in response["Location"]


def test_the_login_page_names_the_application_that_waits(printer: Registered) -> None:
    login = authorize(Browser(), printer)["Location"].removeprefix("https://localhost:9443")

    page = Browser().get(login).content.decode()

    assert "Photo Printer" in page
    assert "printer.example" in page
    assert "Sign In" in page


def test_a_foreign_next_is_not_followed_after_login(bob: object) -> None:
    response = Browser().post(
        "/oauth2/account/login/?next=https://evil.example/",
        {"login": "bob", "password": "bob", "next": "https://evil.example/"},
    )

    assert response["Location"] == "/oauth2/"


def test_changing_the_callback_logs_nobody_out(bobs_browser: Browser, printer: Registered) -> None:
    clients.update(printer.client, redirect_uris=["https://other.example/cb"])

    response = authorize(bobs_browser, printer, redirect_uri="https://other.example/cb")

    assert "/oauth2/consent/" in response["Location"]


def test_signing_in_returns_to_the_request(printer: Registered, bob: object) -> None:
    browser = Browser()
    location = authorize(browser, printer)["Location"].removeprefix("https://localhost:9443")

    response = browser.post(location, {"login": "bob", "password": "bob"})

    assert response["Location"].startswith("/oauth2/authorize?response_type=code")
