"""Who somebody from the other server is here, how well they signed in, and how they sign out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from accounts.models import LinkedAccount, User
from keymanager import clients
from tests.keymanager.conftest import CALLBACK, Registered, authorize, basic, decide, exchange, post_token, query_of
from tests.keymanager.elsewhere.conftest import (
    HERE,
    come_back,
    go,
    is_signed_in,
    sent,
    taken_along,
)
from tests.keymanager.elsewhere.provider import Provider

if TYPE_CHECKING:
    pass


def arrive(there: Provider, **claims: Any) -> Browser:
    """bob's browser, signed in by way of the other server."""
    browser = Browser()
    come_back(browser, there, asked := taken_along(browser.get(HERE)), code=there.code(asked, **claims))
    return browser


def authorized(browser: Browser, registered: Registered, back: Any) -> dict[str, Any]:
    """The claims of the ID token that our client gets after the callback's answer."""
    code = query_of(decide(browser, browser.get(back["Location"])))["code"]
    answer = exchange(registered, code).json()
    claims: dict[str, Any] = jwt.decode(answer["id_token"], options={"verify_signature": False})
    return claims


def test_a_local_account_of_the_same_name_is_not_taken_over(there: Provider, bob: User) -> None:
    there.userinfo |= {"email": bob.email, "email_verified": True}

    arrive(there)

    assert LinkedAccount.objects.get().user.username == "bob-2"
    assert not bob.linked_accounts.exists()


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_an_address_that_is_not_verified_is_not_kept(there: Provider, verified: object) -> None:
    there.userinfo |= {"email": "bob@example.org", "email_verified": verified}

    arrive(there)

    assert User.objects.get().email == ""
    assert not EmailAddress.objects.exists()


def test_a_verified_address_is_kept_unless_somebody_has_it_here(there: Provider, alice: User) -> None:
    there.userinfo |= {"email": "bob@example.org", "email_verified": True}
    arrive(there)
    there.userinfo |= {"sub": "mallory", "preferred_username": "mallory", "email": "Alice@Example.com"}
    arrive(there, sub="mallory")

    addresses = {user.username: user.email for user in User.objects.all()}

    assert addresses == {"alice": "alice@example.com", "bob": "bob@example.org", "mallory": ""}


def test_the_second_time_it_is_the_same_account(there: Provider) -> None:
    arrive(there)
    there.userinfo |= {"preferred_username": "robert"}
    arrive(there)

    assert list(User.objects.values_list("username", "first_name", "last_name")) == [("bob", "Bob", "Baker")]
    assert there.asked.count("/userinfo") == 1


@pytest.mark.parametrize(
    ("there_name", "name"),
    [("Robert'); --", "Robert"), ("", "user"), (7, "user"), ("\x00", "user"), ("x" * 999, "x" * 140), ("😀", "user")],
)
def test_a_strange_name_becomes_one_that_can_be_had(there: Provider, there_name: object, name: str) -> None:
    there.userinfo |= {"preferred_username": there_name, "given_name": ["no", "text"]}

    arrive(there)

    assert User.objects.get().username == name


@pytest.mark.rfc("oidc-core#5.3.2")
def test_somebody_else_s_userinfo_signs_nobody_in(there: Provider) -> None:
    there.userinfo |= {"sub": "mallory"}

    assert not is_signed_in(arrive(there))
    assert not User.objects.exists()


def test_a_deactivated_account_is_refused(there: Provider) -> None:
    arrive(there)
    User.objects.update(is_active=False)
    browser = Browser()

    page = come_back(browser, there, taken_along(browser.get(HERE)))

    assert (page.status_code, "deactivated" in page.content.decode()) == (403, True)
    assert not is_signed_in(browser)


def test_an_account_of_elsewhere_has_no_password_here(there: Provider, printer: Registered) -> None:
    arrive(there)

    answer = post_token(printer, grant_type="password", username="bob", password="")

    assert answer.status_code == 400
    assert not User.objects.get(username="bob").has_usable_password()


def test_the_password_grant_goes_on_for_local_accounts(there: Provider, printer: Registered, charlie: User) -> None:
    answer = post_token(printer, grant_type="password", username="charlie", password="charlie")

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("path", ["login/", "signup/", "password/reset/", "password/change/", "security/"])
def test_no_page_of_our_own_signs_in_or_up(there: Provider, path: str, charlie: User) -> None:
    browser = Browser()

    answers = [
        browser.get(f"/oauth2/account/{path}"),
        browser.post(f"/oauth2/account/{path}", {"login": "charlie", "password": "charlie"}),
    ]

    assert all(a.status_code == 404 or a["Location"].startswith(f"https://localhost:9443{HERE}") for a in answers)
    assert not is_signed_in(browser)


def test_the_store_s_door_keeps_its_own(there: Provider, charlie: User) -> None:
    answer = Browser().post("/accounts/login/", {"login": "charlie", "password": "charlie"})

    assert answer["Location"] == "/store/"


def test_without_the_settings_there_is_nothing_elsewhere(db: None) -> None:
    statuses = [Browser().get(HERE + page).status_code for page in ("", "callback")]

    assert [*statuses, Browser().post(f"{HERE}backchannel_logout").status_code] == [404, 404, 404]


def test_the_first_sign_in_at_the_key_manager_s_own_pages_leads_there_too(there: Provider) -> None:
    browser = Browser()

    asked = sent(browser, browser.get(browser.get("/oauth2/")["Location"]))

    assert come_back(browser, there, asked)["Location"] == "/oauth2/"


@pytest.mark.rfc("oidc-core#2")
def test_how_and_when_they_signed_in_is_told_on(there: Provider, printer: Registered) -> None:
    browser, at = Browser(), int(time.time()) - 1000
    claims = {"acr": "gold", "amr": ["hwk", 7], "auth_time": at}

    told = authorized(browser, printer, go(browser, there, printer, claims=claims, scope="openid"))

    assert (told["acr"], told["amr"], told["auth_time"]) == ("gold", ["hwk"], at)


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
def test_a_sign_in_that_is_too_old_is_an_error_for_the_client(
    there: Provider, printer: Registered, demand: dict[str, str]
) -> None:
    browser = Browser()
    back = go(browser, there, printer, claims={"auth_time": int(time.time()) - 1000}, **demand)

    refused = query_of(browser.get(back["Location"]))

    assert (refused["error"], refused["state"]) == ("login_required", "xyz")
    assert not is_signed_in(browser)


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_fresh_sign_in_is_enough_whatever_the_clocks_say(
    there: Provider, printer: Registered, demand: dict[str, str]
) -> None:
    browser = Browser()
    first = go(browser, there, printer, claims={"auth_time": int(time.time()) - 30}, **demand)
    asked_again = browser.get(first["Location"])
    if HERE in asked_again["Location"]:
        asked = sent(browser, asked_again)
        assert asked["prompt"] == "login"
        asked_again = browser.get(come_back(browser, there, asked)["Location"])

    assert "/oauth2/consent/" in asked_again["Location"]


def test_max_age_without_an_auth_time_is_an_error_for_the_client(there: Provider, printer: Registered) -> None:
    browser = Browser()
    back = go(browser, there, printer, claims={"auth_time": None}, max_age="60")

    assert query_of(browser.get(back["Location"]))["error"] == "login_required"


def test_an_acr_that_is_too_long_to_keep_is_not_told(there: Provider, printer: Registered) -> None:
    """PostgreSQL keeps no longer one than the column has room for."""
    browser = Browser()

    told = authorized(browser, printer, go(browser, there, printer, claims={"acr": "g" * 101}, scope="openid"))

    assert "acr" not in told


@pytest.mark.rfc("oidc-core#5.5.1.1")
@pytest.mark.parametrize(("acr", "reached"), [("gold", True), ("silver", False), (None, False), (["gold"], False)])
def test_an_essential_acr_is_had_or_is_an_error(
    there: Provider, printer: Registered, acr: object, reached: bool
) -> None:
    browser = Browser()
    wish = json.dumps({"id_token": {"acr": {"essential": True, "values": ["gold"]}}})
    back = go(browser, there, printer, claims={"acr": acr}, scope="openid", wish=wish)

    answer = browser.get(back["Location"])

    assert ("/oauth2/consent/" in answer["Location"]) == reached
    assert reached or query_of(answer)["error"] == "unmet_authentication_requirements"


def test_somebody_signed_in_too_weakly_is_sent_there_once_more(there: Provider, printer: Registered) -> None:
    browser = arrive(there, acr="silver")
    wish = json.dumps({"id_token": {"acr": {"essential": True, "values": ["gold"]}}})
    asked = sent(browser, authorize(browser, printer, scope="openid", claims=wish))

    back = come_back(browser, there, asked, code=there.code(asked, acr="gold"))

    assert asked["acr_values"] == "gold"
    assert "/oauth2/consent/" in browser.get(back["Location"])["Location"]


@pytest.mark.parametrize("error", ["login_required", "interaction_required", "unmet_authentication_requirements"])
def test_what_the_other_server_cannot_do_the_client_hears(there: Provider, printer: Registered, error: str) -> None:
    browser = Browser()
    asked = sent(browser, authorize(browser, printer))

    heard = query_of(browser.get(come_back(browser, there, asked, error=error)["Location"]))

    assert heard["error"] == ("login_required" if error == "interaction_required" else error)


def test_another_person_than_the_one_before_begins_a_session_of_their_own(there: Provider) -> None:
    browser = arrive(there)
    asked = sent(browser, browser.get("/oauth2/account/login/"))
    before = browser.cookies["__Host-keymanager-session"].value
    there.userinfo |= {"sub": "charlie-there", "preferred_username": "charlie"}

    come_back(browser, there, asked, code=there.code(asked, sub="charlie-there"))

    assert asked["prompt"] == "login"
    assert before != browser.cookies["__Host-keymanager-session"].value
    assert "charlie" in browser.get("/oauth2/").content.decode()


@pytest.mark.rfc("oidc-backchannel#2.6")
@pytest.mark.parametrize("left", [{"sub": None}, {"sid": None}, {}])
def test_a_logout_token_ends_the_sessions_that_came_from_there(there: Provider, left: dict[str, None]) -> None:
    browser, other = arrive(there), arrive(there, sid="another")

    answer = Browser().post(f"{HERE}backchannel_logout", {"logout_token": there.logout_token(**left)})

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert not is_signed_in(browser)
    assert is_signed_in(other) == ("sid" not in left)


@pytest.mark.rfc("oidc-backchannel#2.6")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://mallory.example"},
        {"aud": "another client"},
        {"exp": int(time.time()) - 120},
        {"iat": int(time.time()) - 3600},
        {"nonce": "x"},
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": True}},
        {"sub": None, "sid": None},
        {"jti": None},
        {"jti": 7},
        {"sub": 7},
    ],
    ids=", ".join,  # without the times, which differ from one process of a run to the other
)
def test_a_logout_token_that_is_none_ends_nothing(there: Provider, changes: dict[str, Any]) -> None:
    browser = arrive(there)

    answer = Browser().post(f"{HERE}backchannel_logout", {"logout_token": there.logout_token(**changes)})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert is_signed_in(browser)


def test_a_logout_token_counts_once(there: Provider) -> None:
    token = there.logout_token(sid=None)
    Browser().post(f"{HERE}backchannel_logout", {"logout_token": token})
    browser = arrive(there)

    answer = Browser().post(f"{HERE}backchannel_logout", {"logout_token": token})

    assert answer.status_code == 400
    assert is_signed_in(browser)


@pytest.mark.parametrize("body", [{}, {"logout_token": "x"}, {"logout_token": ["a", "b"]}, {"logout_token": "a\x00"}])
def test_what_is_no_logout_token_is_refused(there: Provider, body: dict[str, Any]) -> None:
    assert Browser().post(f"{HERE}backchannel_logout", body).status_code == 400


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_signing_out_here_signs_out_there_too(there: Provider) -> None:
    browser = arrive(there)

    out = browser.post("/oauth2/account/logout/")
    asked = taken_along(out)
    back = browser.get(f"{HERE}signed_out", {"state": asked["state"]})

    assert out["Location"].startswith(f"{there.issuer}/logout?")
    assert jwt.decode(asked["id_token_hint"], options={"verify_signature": False})["sub"] == "bob-there"
    assert asked["post_logout_redirect_uri"] == f"https://localhost:9443{HERE}signed_out"
    assert "You are signed out" in back.content.decode()
    assert not is_signed_in(browser)


def test_a_client_that_signs_somebody_out_gets_them_back_at_the_end(there: Provider, printer: Registered) -> None:
    clients.set_post_logout_redirect_uris(printer.client, ["https://printer.example/bye"])
    browser = arrive(there)
    wish = {"client_id": printer.id, "post_logout_redirect_uri": "https://printer.example/bye", "state": "s"}

    asked = taken_along(browser.post("/oauth2/logout/confirmed", wish))
    back = browser.get(f"{HERE}signed_out", {"state": asked["state"]})

    assert back["Location"] == "https://printer.example/bye?state=s"


@pytest.mark.parametrize("state", ["", "guessed", "\u2028"])
def test_nobody_is_led_on_who_was_not_on_the_way(there: Provider, state: str) -> None:
    browser = arrive(there)
    browser.post("/oauth2/account/logout/")

    assert "You can close this page" in browser.get(f"{HERE}signed_out", {"state": state}).content.decode()


def test_signing_out_works_when_the_other_server_has_no_place_for_it(there: Provider) -> None:
    there.metadata.pop("end_session_endpoint")
    browser = arrive(there)

    page = browser.post("/oauth2/account/logout/")

    assert "You are signed out" in page.content.decode()
    assert not is_signed_in(browser)


def test_a_logout_token_ends_what_was_authorized_in_the_session(there: Provider, printer: Registered) -> None:
    browser = Browser()
    back = go(browser, there, printer, claims={}, scope="openid")
    tokens = exchange(printer, query_of(decide(browser, browser.get(back["Location"])))["code"]).json()

    Browser().post(f"{HERE}backchannel_logout", {"logout_token": there.logout_token()})

    answer = Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("demand", [{"max_age": "60"}, {"prompt": "login"}, {"prompt": "login", "max_age": "0"}])
def test_a_server_that_ignores_the_demands_is_not_asked_for_ever(
    there: Provider, printer: Registered, demand: dict[str, str]
) -> None:
    browser = Browser()
    answer, at = authorize(browser, printer, **demand), int(time.time()) - 90
    trips = 0
    while HERE in answer["Location"] and trips < 5:
        asked = sent(browser, answer)
        answer = browser.get(come_back(browser, there, asked, code=there.code(asked, auth_time=at))["Location"])
        trips += 1

    assert trips <= 2
    assert query_of(answer)["error"] == "login_required"


@pytest.mark.rfc("9126#4")
@pytest.mark.parametrize(("changes", "there_too"), [({}, "/oauth2/consent/"), ({"error": "login_required"}, "error=")])
def test_a_pushed_request_waits_as_well(
    there: Provider, printer: Registered, changes: dict[str, str | None], there_too: str
) -> None:
    browser = Browser()
    pushed = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "photos:read", "prompt": "login"}
    name = Browser().post("/oauth2/par", pushed, headers=basic(printer)).json()["request_uri"]
    asked = sent(browser, browser.get("/oauth2/authorize", {"client_id": printer.id, "request_uri": name}))

    answer = browser.get(come_back(browser, there, asked, **changes)["Location"])

    assert asked["prompt"] == "login"
    assert there_too in answer["Location"]


def test_a_device_s_code_is_asked_for_after_the_sign_in(there: Provider) -> None:
    browser = Browser()

    asked = sent(browser, browser.get(browser.get("/oauth2/device?user_code=ABCD-EFGH")["Location"]))

    assert come_back(browser, there, asked)["Location"] == "/oauth2/device?user_code=ABCD-EFGH"
