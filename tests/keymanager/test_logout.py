"""Signing out on a client's wish: OpenID Connect RP-Initiated Logout 1.0."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
from allauth.mfa.totp.internal import auth as totp
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Browser

from accounts import devices
from accounts.models import User
from keymanager import signing
from keymanager.models import ClientURI, LogoutNotice
from tests.keymanager.conftest import Registered, authorize, code_for, exchange, post_token, query_of, sign_in

pytestmark = pytest.mark.django_db

LOGOUT = "/oauth2/logout"
GOODBYE = "https://printer.example/goodbye"


@pytest.fixture
def leaver(printer: Registered) -> Registered:
    """A client that has a page to come back to."""
    ClientURI.objects.create(client=printer.client, kind=ClientURI.Kind.POST_LOGOUT, uri=GOODBYE)
    return printer


def tokens_of(browser: Browser, registered: Registered, scope: str = "openid photos:read") -> dict[str, Any]:
    members: dict[str, Any] = exchange(registered, code_for(browser, registered, scope=scope)).json()
    return members


def hint_of(browser: Browser, registered: Registered) -> str:
    return str(tokens_of(browser, registered)["id_token"])


def logout(browser: Browser, **parameters: str) -> Any:
    return browser.get(f"{LOGOUT}?{urlencode(parameters)}")


def is_signed_in(browser: Browser) -> bool:
    return bool(browser.get("/oauth2/").status_code == 200)


def changed(token: str, **claims: object) -> str:
    """The ID token with other claims, signed by this key manager."""
    told = jwt.decode(token, options={"verify_signature": False})
    return signing.sign(told | claims, typ="JWT")


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_with_an_id_token_of_this_session_the_person_is_signed_out_at_once(
    bobs_browser: Browser, leaver: Registered
) -> None:
    hint = hint_of(bobs_browser, leaver)

    answer = logout(bobs_browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE, state="a b&c")

    assert answer["Location"] == f"{GOODBYE}?state=a+b%26c"
    assert not is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_a_post_does_the_same(bobs_browser: Browser, leaver: Registered) -> None:
    form = {"id_token_hint": hint_of(bobs_browser, leaver), "post_logout_redirect_uri": GOODBYE}

    answer = bobs_browser.post(LOGOUT, form)

    assert (answer.status_code, answer["Location"]) == (303, GOODBYE)
    assert not is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_a_post_without_a_cookie_becomes_a_get_that_may_have_one(bobs_browser: Browser, leaver: Registered) -> None:
    form = {"id_token_hint": hint_of(bobs_browser, leaver), "post_logout_redirect_uri": GOODBYE}

    answer = Browser().post(LOGOUT, form)

    assert answer.status_code == 303
    assert bobs_browser.get(answer["Location"])["Location"] == GOODBYE


@pytest.mark.rfc("oidc-rpinitiated#4")
def test_an_expired_id_token_is_good_enough(bobs_browser: Browser, leaver: Registered) -> None:
    hint = changed(hint_of(bobs_browser, leaver), exp=int(time.time()) - 10_000, iat=int(time.time()) - 20_000)

    assert logout(bobs_browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)["Location"] == GOODBYE


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_without_an_id_token_the_person_is_asked(bobs_browser: Browser, leaver: Registered) -> None:
    page = logout(bobs_browser, client_id=leaver.id, post_logout_redirect_uri=GOODBYE, state="xyz").content.decode()

    for words in ("Sign out?", "<bdi>Photo Printer</bdi> asks to sign you out", "<strong>bob</strong>", ">Stay<"):
        assert words in page
    assert is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#3")
def test_a_yes_signs_out_and_leads_back(bobs_browser: Browser, leaver: Registered) -> None:
    wish = {"client_id": leaver.id, "post_logout_redirect_uri": GOODBYE, "state": "xyz"}

    answer = bobs_browser.post(f"{LOGOUT}/confirmed", wish)

    assert answer["Location"] == f"{GOODBYE}?state=xyz"
    assert not is_signed_in(bobs_browser)


def test_a_yes_without_the_form_s_token_changes_nothing(bob: User) -> None:
    browser = sign_in(Browser(), "bob")
    browser.handler.enforce_csrf_checks = True

    assert browser.post(f"{LOGOUT}/confirmed", {}).status_code == 403
    assert is_signed_in(browser)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_an_id_token_of_another_session_of_the_same_person_asks(bob: User, leaver: Registered) -> None:
    hint = hint_of(sign_in(Browser(), "bob"), leaver)
    elsewhere = sign_in(Browser(), "bob")

    page = logout(elsewhere, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).content.decode()

    assert "Sign out?" in page
    assert is_signed_in(elsewhere)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_an_id_token_of_somebody_else_asks(bobs_browser: Browser, charlie: User, leaver: Registered) -> None:
    hint = hint_of(sign_in(Browser(), "charlie"), leaver)

    assert "Sign out?" in logout(bobs_browser, id_token_hint=hint).content.decode()


@pytest.mark.parametrize("make", ["foreign", "unsigned", "of another issuer", "an access token", "nonsense"])
def test_a_hint_that_is_none_of_ours_is_as_good_as_none(bobs_browser: Browser, leaver: Registered, make: str) -> None:
    answer = tokens_of(bobs_browser, leaver)
    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    header = {"typ": "JWT", "kid": jwt.get_unverified_header(answer["id_token"])["kid"]}
    hints = {
        "foreign": jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers=header),
        "unsigned": jwt.encode(claims, "", "none", headers=header),
        "of another issuer": changed(answer["id_token"], iss="https://evil.example"),
        "an access token": answer["access_token"],
        "nonsense": "a.b.c",
    }

    assert "Sign out?" in logout(bobs_browser, id_token_hint=hints[make]).content.decode()
    assert logout(bobs_browser, id_token_hint=hints[make], post_logout_redirect_uri=GOODBYE).status_code == 400
    assert is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_a_client_id_that_the_hint_was_not_issued_to_is_refused(
    bobs_browser: Browser, leaver: Registered, register: Callable[..., Registered]
) -> None:
    hint = hint_of(bobs_browser, leaver)

    answer = logout(bobs_browser, id_token_hint=hint, client_id=register(name="Scanner").id)

    assert answer.status_code == 400
    assert is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#3")
@pytest.mark.parametrize("uri", ["https://evil.example/", GOODBYE + "/", GOODBYE + "?a=b", GOODBYE.upper()])
def test_an_address_that_is_not_registered_is_never_gone_to(
    bobs_browser: Browser, leaver: Registered, uri: str
) -> None:
    answer = logout(bobs_browser, id_token_hint=hint_of(bobs_browser, leaver), post_logout_redirect_uri=uri)

    assert answer.status_code == 400
    assert "Location" not in answer
    assert GOODBYE not in answer.content.decode()


@pytest.mark.rfc("oidc-rpinitiated#3")
def test_a_redirect_uri_is_no_address_to_go_to_after_signing_out(bobs_browser: Browser, leaver: Registered) -> None:
    answer = logout(bobs_browser, client_id=leaver.id, post_logout_redirect_uri="https://printer.example/callback")

    assert answer.status_code == 400


def test_a_client_that_registered_no_address_gets_its_people_signed_out(
    bobs_browser: Browser, printer: Registered
) -> None:
    hint = hint_of(bobs_browser, printer)

    page = logout(bobs_browser, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).content.decode()

    assert "You are signed out" in page
    assert GOODBYE not in page
    assert not is_signed_in(bobs_browser)


@pytest.mark.rfc("oidc-rpinitiated#2")
def test_an_address_of_nobody_s_is_refused(bobs_browser: Browser) -> None:
    assert logout(bobs_browser, post_logout_redirect_uri=GOODBYE).status_code == 400


@pytest.mark.parametrize("query", ["state=a&state=b", "client_id=nobody", "state=%00", "client_id=%ED%A0%80"])
def test_a_faulty_request_gets_a_page(bobs_browser: Browser, query: str) -> None:
    answer = bobs_browser.get(f"{LOGOUT}?{query}")

    assert answer.status_code == 400
    assert "You were not sent anywhere" in answer.content.decode()


def test_with_nobody_signed_in_there_is_nothing_to_ask(leaver: Registered) -> None:
    assert logout(Browser(), client_id=leaver.id, post_logout_redirect_uri=GOODBYE)["Location"] == GOODBYE
    assert "You are signed out" in logout(Browser()).content.decode()


def test_the_answer_keeps_a_query_that_the_address_has(bobs_browser: Browser, printer: Registered) -> None:
    ClientURI.objects.create(client=printer.client, kind=ClientURI.Kind.POST_LOGOUT, uri=f"{GOODBYE}?a=b")
    hint = hint_of(bobs_browser, printer)

    answer = logout(bobs_browser, id_token_hint=hint, post_logout_redirect_uri=f"{GOODBYE}?a=b", state="s")

    assert answer["Location"] == f"{GOODBYE}?a=b&state=s"


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_original_s_address_leads_to_the_same(bobs_browser: Browser, method: str) -> None:
    answer = getattr(bobs_browser, method)("/oidc/logout?state=x")

    assert (answer.status_code, answer["Location"]) == (307, "/oauth2/logout?state=x")


@pytest.mark.rfc("oidc-backchannel#2.7")
def test_what_openid_gave_without_offline_access_ends_with_the_session(
    bobs_browser: Browser, leaver: Registered
) -> None:
    issued = tokens_of(bobs_browser, leaver)

    logout(bobs_browser, id_token_hint=issued["id_token"])

    refused = post_token(leaver, grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    assert Browser().get("/oauth2/userinfo", headers=headers).status_code == 401


def test_what_an_application_may_do_without_signing_in_lives_on(bobs_browser: Browser, leaver: Registered) -> None:
    issued = tokens_of(bobs_browser, leaver, scope="photos:read")

    bobs_browser.post("/oauth2/account/logout/")

    assert post_token(leaver, grant_type="refresh_token", refresh_token=issued["refresh_token"]).status_code == 200


@pytest.mark.rfc("oidc-backchannel#2.7")
def test_offline_access_lives_on(bobs_browser: Browser, leaver: Registered) -> None:
    issued = tokens_of(bobs_browser, leaver, scope="openid offline_access photos:read")
    assert issued["scope"] == "offline_access openid photos:read"

    logout(bobs_browser, id_token_hint=issued["id_token"])

    assert post_token(leaver, grant_type="refresh_token", refresh_token=issued["refresh_token"]).status_code == 200


def test_other_people_and_other_browsers_stay_signed_in(
    bobs_browser: Browser, charlie: User, leaver: Registered
) -> None:
    others = [sign_in(Browser(), "bob"), sign_in(Browser(), "charlie")]
    kept = [tokens_of(browser, leaver)["refresh_token"] for browser in others]

    logout(bobs_browser, id_token_hint=hint_of(bobs_browser, leaver))

    assert all(is_signed_in(browser) for browser in others)
    assert [post_token(leaver, grant_type="refresh_token", refresh_token=token).status_code for token in kept] == [
        200
    ] * 2


def told(registered: Registered) -> int:
    return LogoutNotice.objects.filter(client=registered.client).count()


@pytest.fixture
def listener(register: Callable[..., Registered]) -> Registered:
    """A client that wants to be told of sign-outs."""
    return register(name="Listener", metadata={"backchannel_logout_uri": "https://listener.example/logout"})


def test_signing_out_at_the_key_manager_s_door_is_told_too(bobs_browser: Browser, listener: Registered) -> None:
    tokens_of(bobs_browser, listener)

    answer = bobs_browser.post("/oauth2/account/logout/")

    assert urlsplit(answer["Location"]).path == "/oauth2/account/login/"
    assert told(listener) == 1


def test_withdrawing_tells_that_client_and_no_other(
    bobs_browser: Browser, listener: Registered, register: Callable[..., Registered]
) -> None:
    other = register(name="Other", metadata=listener.client.metadata)
    for registered in (listener, other):
        tokens_of(bobs_browser, registered)

    bobs_browser.post(f"/oauth2/approvals/{listener.client.pk}/withdraw")
    assert (told(listener), told(other)) == (1, 0)

    bobs_browser.post("/oauth2/account/logout/")
    assert (told(listener), told(other)) == (1, 1)


def test_ending_a_device_is_told_too(bobs_browser: Browser, bob: User, listener: Registered) -> None:
    tokens_of(bobs_browser, listener)

    assert devices.end_others(bob, current=None) == 1

    assert told(listener) == 1
    assert not is_signed_in(bobs_browser)


def test_a_client_that_nobody_signed_in_to_is_not_told(bobs_browser: Browser, listener: Registered) -> None:
    tokens_of(bobs_browser, listener, scope="photos:read")

    bobs_browser.post("/oauth2/account/logout/")

    assert told(listener) == 0


def test_signing_in_anew_keeps_the_session(bobs_browser: Browser, listener: Registered) -> None:
    before = tokens_of(bobs_browser, listener)["id_token"]

    authorize(bobs_browser, listener, scope="openid", prompt="login")
    sign_in(bobs_browser, "bob")

    assert sid_of(hint_of(bobs_browser, listener)) == sid_of(before)
    assert told(listener) == 0


def test_somebody_else_who_signs_in_ends_the_session_before(
    bobs_browser: Browser, charlie: User, listener: Registered
) -> None:
    before = tokens_of(bobs_browser, listener)["id_token"]

    page = authorize(bobs_browser, listener, scope="openid", prompt="login")["Location"]
    bobs_browser.post(page, {"login": "charlie", "password": "charlie"})

    assert sid_of(hint_of(bobs_browser, listener)) != sid_of(before)
    assert LogoutNotice.objects.get().sid == sid_of(before)


def test_signing_out_between_the_steps_of_a_new_sign_in_ends_the_session(
    bobs_browser: Browser, bob: User, listener: Registered
) -> None:
    tokens_of(bobs_browser, listener)
    totp.TOTP.activate(bob, totp.generate_totp_secret())
    page = authorize(bobs_browser, listener, scope="openid", prompt="login")["Location"]
    bobs_browser.post(page, {"login": "bob", "password": "bob"})

    logout(bobs_browser)

    assert told(listener) == 1


def sid_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["sid"])


@pytest.mark.rfc("oidc-core#3.1.2.1")
def test_after_signing_out_nothing_is_answered_silently(bobs_browser: Browser, leaver: Registered) -> None:
    logout(bobs_browser, id_token_hint=hint_of(bobs_browser, leaver))

    assert query_of(authorize(bobs_browser, leaver, scope="openid", prompt="none"))["error"] == "login_required"


@pytest.mark.rfc("oidc-rpinitiated#2.1")
def test_the_metadata_says_so() -> None:
    document = Browser().get("/.well-known/openid-configuration").json()

    assert document["end_session_endpoint"] == "https://localhost:9443/oauth2/logout"
    for name in ("backchannel_logout", "frontchannel_logout"):
        assert (document[f"{name}_supported"], document[f"{name}_session_supported"]) == (True, True)
