"""prompt, max_age, hints and acr: what a person has to do before an answer goes back."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client as Browser

from accounts import authentication_methods as methods
from accounts.models import User
from keymanager import signing
from tests.keymanager.conftest import Registered, authorize, code_for, decide, exchange, query_of, sign_in

pytestmark = pytest.mark.django_db
LOGIN = "/oauth2/account/login/"


def local(address: str) -> str:
    return address.removeprefix("https://localhost:9443")


def follow(browser: Browser, response: Any) -> Any:
    return browser.get(local(response["Location"]))


def fill_in(browser: Browser, asked: Any, name: str) -> Any:
    """Signs in on the page that `asked` leads to; the answer of the authorization endpoint after it."""
    return follow(browser, browser.post(local(asked["Location"]), {"login": name, "password": name}))


def id_token_of(registered: Registered, answer: Any) -> dict[str, Any]:
    token = exchange(registered, query_of(answer)["code"]).json()["id_token"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def raw_id_token(browser: Browser, registered: Registered) -> str:
    return str(exchange(registered, code_for(browser, registered, scope="openid")).json()["id_token"])


def is_login(response: Any) -> bool:
    return response.status_code == 302 and LOGIN in response["Location"]


def is_consent(response: Any) -> bool:
    return response.status_code == 302 and "/oauth2/consent/" in response["Location"]


@pytest.mark.rfc("6749#4.1.1")
@pytest.mark.parametrize("changes", [{}, {"prompt": "login"}, {"prompt": "select_account"}, {"prompt": "create"}])
def test_a_long_request_is_not_lost_on_the_way_over_the_sign_in(
    bob: User, printer: Registered, changes: dict[str, str]
) -> None:
    browser, state = Browser(), "s" * 5000
    back = fill_in(browser, authorize(browser, printer, state=state), bob.username)
    assert is_consent(back)
    assert query_of(decide(browser, back))["state"] == state
    again = authorize(browser, printer, state=state, **changes)
    assert len(again["Location"]) < 2048, "Django goes on to no longer address"


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_a_long_request_may_be_answered_by_somebody_else(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, state="s" * 5000)
    page = bobs_browser.get(local(asked["Location"])).content.decode()
    address = html.unescape(page.split('name="next" value="')[1].split('"')[0])
    gone = bobs_browser.post("/oauth2/account/logout/", {"next": address})
    assert gone["Location"] == address
    assert is_login(bobs_browser.get(address))


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "login consent"}])
def test_a_new_sign_in_is_demanded_and_then_enough(
    bobs_browser: Browser, printer: Registered, changes: dict[str, str]
) -> None:
    asked = authorize(bobs_browser, printer, **changes)

    assert is_login(asked)
    assert is_consent(fill_in(bobs_browser, asked, "bob"))


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_a_new_sign_in_gives_a_new_auth_time_and_keeps_the_session(bobs_browser: Browser, printer: Registered) -> None:
    before = id_token_of(printer, decide(bobs_browser, authorize(bobs_browser, printer, scope="openid")))
    again = authorize(bobs_browser, printer, scope="openid", prompt="login")

    after = id_token_of(printer, decide(bobs_browser, fill_in(bobs_browser, again, "bob")))

    assert after["auth_time"] >= before["auth_time"]
    assert after["sid"] == before["sid"]


def test_nobody_is_signed_out_by_being_asked(bobs_browser: Browser, printer: Registered) -> None:
    authorize(bobs_browser, printer, prompt="login")

    assert is_consent(authorize(bobs_browser, printer))


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_the_demand_cannot_be_stripped_nor_skipped(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, prompt="login")
    back = parse_qs(urlsplit(asked["Location"]).query)["next"][0]

    assert is_login(bobs_browser.get(back))
    fill_in(bobs_browser, asked, "bob")
    assert is_login(bobs_browser.get(back.replace("state=xyz", "state=abc")))
    assert is_login(authorize(bobs_browser, printer, prompt="login"))


def test_going_back_to_the_sign_in_page_leads_on(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, prompt="login")
    fill_in(bobs_browser, asked, "bob")

    assert is_consent(follow(bobs_browser, follow(bobs_browser, asked)))


@pytest.mark.parametrize("mark", ["1.x", "x", "9999999999.000.", ".", "1e999.a", "😀.é", "nan.a"])
def test_a_forged_mark_is_none(bobs_browser: Browser, printer: Registered, mark: str) -> None:
    response = authorize(bobs_browser, printer, prompt="login", signed_in_after=mark)

    assert is_login(response) or query_of(response)["error"] == "invalid_request"


def test_the_page_shows_a_form_to_whoever_is_signed_in(bobs_browser: Browser, printer: Registered) -> None:
    page = follow(bobs_browser, authorize(bobs_browser, printer, prompt="login")).content.decode()

    assert "asks that you sign in again" in page
    assert 'value="bob"' in page


def test_a_wrong_password_leaves_everything_as_it_was(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, prompt="login")

    response = bobs_browser.post(local(asked["Location"]), {"login": "bob", "password": "wrong"})

    assert response.status_code == 200
    assert is_login(authorize(bobs_browser, printer, prompt="login"))
    assert is_consent(authorize(bobs_browser, printer))


def test_somebody_else_may_sign_in_instead(bobs_browser: Browser, printer: Registered, charlie: User) -> None:
    asked = authorize(bobs_browser, printer, scope="openid", prompt="login")

    answer = decide(bobs_browser, fill_in(bobs_browser, asked, "charlie"))

    assert id_token_of(printer, answer)["sub"] == str(charlie.subject)


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_max_age_of_the_client_counts_when_the_request_has_none(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    registered = register()
    registered.client.metadata = {"default_max_age": 0}
    registered.client.save(update_fields=["metadata"])

    assert is_login(authorize(bobs_browser, registered))
    assert is_consent(authorize(bobs_browser, registered, max_age="1000"))


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_an_account_is_chosen_or_another_one_signs_in(
    bobs_browser: Browser, printer: Registered, charlie: User
) -> None:
    asked = authorize(bobs_browser, printer, prompt="select_account")
    page = follow(bobs_browser, asked)
    back = parse_qs(urlsplit(asked["Location"]).query)["next"][0]

    assert "Continue as bob" in page.content.decode()
    assert is_consent(bobs_browser.get(back))
    assert is_consent(follow(bobs_browser, bobs_browser.post(LOGIN, sent("charlie", back))))


def sent(name: str, back: str) -> dict[str, str]:
    return {"login": name, "password": name, "next": back}


@pytest.mark.parametrize("path", ["", "https://evil.example/oauth2/authorize?client_id={}", "javascript:alert(1)"])
def test_the_page_leads_nowhere_else(bobs_browser: Browser, printer: Registered, path: str) -> None:
    response = bobs_browser.get("/oauth2/account/select/", {"next": path.format(printer.id)})

    assert response["Location"] == "/oauth2/"


def test_whoever_registers_for_an_application_reads_which(printer: Registered) -> None:
    browser = Browser()
    page = browser.get(local(authorize(browser, printer, prompt="create")["Location"])).content.decode()
    assert "Photo Printer" in page
    assert "returns to printer.example" in page
    assert "generate keys" not in page, "that is what developers do"


@pytest.mark.rfc("oidc-prompt-create#4.1")
def test_registering_comes_first_and_leads_back(printer: Registered) -> None:
    browser = Browser()
    asked = authorize(browser, printer, prompt="create")
    page = local(asked["Location"])
    values = {"username": "dora", "password1": "a-long-passphrase", "password2": "a-long-passphrase"}

    assert page.startswith("/oauth2/account/signup/")
    assert is_consent(follow(browser, browser.post(page, values)))


@pytest.mark.rfc("oidc-prompt-create#4.1")
def test_whoever_is_signed_in_can_register_too(bobs_browser: Browser, printer: Registered) -> None:
    page = local(authorize(bobs_browser, printer, prompt="create")["Location"])
    values = {"username": "dora", "password1": "a-long-passphrase", "password2": "a-long-passphrase"}

    assert bobs_browser.get(page).status_code == 200
    assert is_consent(follow(bobs_browser, bobs_browser.post(page, values)))


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.parametrize("prompt", ["none login", "none create", "nobody", "none none x"])
def test_a_prompt_that_makes_no_sense_is_refused(bobs_browser: Browser, printer: Registered, prompt: str) -> None:
    assert query_of(authorize(bobs_browser, printer, prompt=prompt))["error"] == "invalid_request"


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_login_hint_fills_the_name_in(printer: Registered) -> None:
    browser = Browser()

    page = follow(browser, authorize(browser, printer, login_hint='bob"><x')).content.decode()

    assert 'value="bob&quot;&gt;&lt;x"' in page


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.parametrize("changes", [{"display": "touch"}, {"ui_locales": "fr-CA de"}, {"claims_locales": "xx"}])
def test_what_cannot_be_had_is_no_fault(bobs_browser: Browser, printer: Registered, changes: dict[str, str]) -> None:
    assert is_consent(authorize(bobs_browser, printer, **changes))


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_the_person_hinted_at_is_the_one_signed_in(bobs_browser: Browser, printer: Registered) -> None:
    hint = raw_id_token(bobs_browser, printer)

    assert is_consent(authorize(bobs_browser, printer, id_token_hint=hint))


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_another_person_than_hinted_at_is_told_apart(bobs_browser: Browser, printer: Registered, charlie: User) -> None:
    hint = raw_id_token(bobs_browser, printer)
    charlies = sign_in(Browser(), "charlie")
    asked = authorize(charlies, printer, id_token_hint=hint)

    assert query_of(authorize(charlies, printer, id_token_hint=hint, prompt="none"))["error"] == "login_required"
    assert is_login(asked)
    assert query_of(fill_in(charlies, asked, "charlie"))["error"] == "login_required"


def test_an_expired_hint_is_as_good(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    claims = {"iss": "https://localhost:9443", "aud": printer.id, "sub": str(bob.subject), "iat": 1, "exp": 2}

    hint = signing.sign(claims, typ="JWT")

    assert is_consent(authorize(bobs_browser, printer, id_token_hint=hint))


@pytest.mark.parametrize("change", [{"aud": "another"}, {"iss": "https://evil.example"}, {"sub": None}])
def test_a_hint_for_others_is_refused(bobs_browser: Browser, printer: Registered, change: dict[str, Any]) -> None:
    claims = {"iss": "https://localhost:9443", "aud": printer.id, "sub": "x", "iat": 1} | change
    hint = signing.sign({name: value for name, value in claims.items() if value is not None}, typ="JWT")

    assert query_of(authorize(bobs_browser, printer, id_token_hint=hint))["error"] == "invalid_request"


@pytest.mark.parametrize("hint", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é.é.é"])
def test_a_hint_that_is_no_token_is_refused(bobs_browser: Browser, printer: Registered, hint: str) -> None:
    assert query_of(authorize(bobs_browser, printer, id_token_hint=hint))["error"] == "invalid_request"


def test_an_access_token_is_no_hint(bobs_browser: Browser, printer: Registered) -> None:
    token = exchange(printer, code_for(bobs_browser, printer)).json()["access_token"]

    assert query_of(authorize(bobs_browser, printer, id_token_hint=token))["error"] == "invalid_request"


def acr_claims(**acr: Any) -> str:
    return json.dumps({"id_token": {"acr": acr}})


@pytest.mark.rfc("oidc-core#5.5.1.1")
@pytest.mark.parametrize("acr", [{"value": methods.TWO_FACTOR_ACR}, {"values": ["urn:unheard-of", "1"]}])
def test_an_essential_acr_that_cannot_be_had_fails(
    bobs_browser: Browser, printer: Registered, acr: dict[str, Any]
) -> None:
    answer = authorize(bobs_browser, printer, scope="openid", claims=acr_claims(essential=True, **acr))

    assert query_of(answer)["error"] == "unmet_authentication_requirements"


@pytest.mark.rfc("oidc-core#5.5.1.1")
@pytest.mark.parametrize("changes", [{"acr_values": methods.TWO_FACTOR_ACR}, {"claims": acr_claims(value="x")}])
def test_a_preferred_acr_that_cannot_be_had_is_no_fault(
    bobs_browser: Browser, printer: Registered, changes: dict[str, str]
) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, scope="openid", **changes))

    assert id_token_of(printer, answer)["acr"] == methods.ONE_FACTOR_ACR


@pytest.mark.rfc("oidc-core#5.5.1.1")
def test_the_acr_and_amr_of_the_session_are_told(bobs_browser: Browser, printer: Registered) -> None:
    claims = acr_claims(essential=True, values=[methods.TWO_FACTOR_ACR, methods.ONE_FACTOR_ACR])

    told = id_token_of(printer, decide(bobs_browser, authorize(bobs_browser, printer, scope="openid", claims=claims)))

    assert (told["acr"], told["amr"]) == (methods.ONE_FACTOR_ACR, ["pwd"])


@pytest.mark.parametrize(
    "changes",
    [{"acr_values": methods.TWO_FACTOR_ACR}, {"claims": acr_claims(essential=True, value=methods.TWO_FACTOR_ACR)}],
)
def test_whoever_has_a_second_factor_is_asked_for_it(
    bobs_browser: Browser, printer: Registered, bob: User, changes: dict[str, str]
) -> None:
    totp.TOTP.activate(bob, totp.generate_totp_secret())

    response = authorize(bobs_browser, printer, scope="openid", **changes)

    assert response["Location"].startswith("https://localhost:9443/oauth2/account/two-step/")


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_a_new_sign_in_is_with_both_factors(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(bob, secret)
    asked = authorize(bobs_browser, printer, scope="openid", prompt="login")
    second = bobs_browser.post(local(asked["Location"]), {"login": "bob", "password": "bob"})
    code = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))

    answer = decide(bobs_browser, follow(bobs_browser, bobs_browser.post(second["Location"], {"code": code})))

    assert id_token_of(printer, answer)["amr"] == ["pwd", "otp", "mfa"]


def test_another_way_to_confirm_it_is_as_good(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, prompt="login")
    back = parse_qs(urlsplit(asked["Location"]).query)["next"][0]

    assert "/oauth2/account/reauthenticate/?next=" in follow(bobs_browser, asked).content.decode()
    answer = bobs_browser.post("/oauth2/account/reauthenticate/", {"password": "bob", "next": back})
    assert is_consent(follow(bobs_browser, answer))
