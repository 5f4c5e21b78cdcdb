"""The authenticator app and the recovery codes."""

from __future__ import annotations

import re
from unittest import mock

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from tests.accounts.conftest import LOGIN, SECURITY, TWO_STEP, code_of, kinds, session_of

STEP = f"{TWO_STEP}authenticate/"
BOB = {"login": "bob", "password": "bob", "next": "/oauth2/device"}


def begun(browser: Browser) -> Browser:
    """The password was right."""
    assert browser.post(LOGIN, BOB).headers["Location"] == STEP
    return browser


def shown_secret(browser: Browser) -> str:
    page = browser.get(f"{TWO_STEP}totp/activate/").content.decode()
    found = re.search(r'id="key"[^>]*>(\w+)<', page)
    assert found is not None, page
    return found[1]


def test_an_app_is_set_up_by_its_picture_and_a_code(bobs: Browser, bob: User) -> None:
    secret = shown_secret(bobs)

    answer = bobs.post(f"{TWO_STEP}totp/activate/", {"code": code_of(secret)}, follow=True)

    assert kinds(bob) == {"totp", "recovery_codes"}
    assert len(re.findall(r"<li>\d{8}</li>", answer.content.decode())) == 10


def test_the_picture_is_an_svg_and_nothing_is_cached(bobs: Browser) -> None:
    page = bobs.get(f"{TWO_STEP}totp/activate/")

    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_a_wrong_code_sets_nothing_up(bobs: Browser, bob: User) -> None:
    secret = shown_secret(bobs)

    page = bobs.post(f"{TWO_STEP}totp/activate/", {"code": "000000"}).content.decode()

    assert "Incorrect code" in page
    assert f">{secret}<" in page
    assert kinds(bob) == set()


def test_after_the_password_comes_the_code(client: Browser, secret: str) -> None:
    begun(client)
    assert client.get("/oauth2/").status_code == 302

    answer = client.post(STEP, {"code": code_of(secret)})

    assert answer.headers["Location"] == "/oauth2/device"
    assert client.get("/oauth2/").status_code == 200


def test_who_starts_over_goes_on_to_what_waited(client: Browser, secret: str) -> None:
    begun(client)

    page = client.get(LOGIN, follow=True)

    assert page.redirect_chain == [(f"{LOGIN}?next=%2Foauth2%2Fdevice", 302)]
    assert 'name="next" value="/oauth2/device"' in page.content.decode()
    assert client.get(STEP).status_code == 302, "the first step is begun anew"


def test_the_store_asks_for_the_code_too(client: Browser, secret: str) -> None:
    answer = client.post("/accounts/login/", BOB | {"next": "/store/applications/"})
    assert answer.headers["Location"] == "/accounts/two-step/authenticate/"

    answer = client.post(answer.headers["Location"], {"code": code_of(secret)})

    assert answer.headers["Location"] == "/store/applications/"


def test_the_administration_has_no_sign_out_and_no_password_of_its_own(client: Browser, bob: User) -> None:
    bob.is_staff = True
    bob.save()
    client.post("/accounts/login/", BOB | {"next": "/store/"})
    store = client.get("/store/").content.decode()

    assert '<a href="/admin/">Administration</a>' in store
    assert client.get("/admin/password_change/").headers["Location"] == "/accounts/password/change/"
    assert client.post("/admin/logout/").headers["Location"] == "/store/"
    assert client.get("/admin/").status_code == 302


def test_the_administration_has_no_sign_in_of_its_own(client: Browser, db: None) -> None:
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"


def test_a_passkey_is_offered_to_those_who_have_one(client: Browser, secret: str) -> None:
    page = begun(client).get(STEP).content.decode()

    assert "Use a passkey" not in page


def test_a_wrong_code_is_one_sentence(client: Browser, secret: str) -> None:
    page = begun(client).post(STEP, {"code": "000000"}).content.decode()

    assert "Incorrect code" in page
    assert client.get("/oauth2/").status_code == 302


@pytest.mark.rfc("6238#5.2")
def test_a_code_works_once_in_any_process(client: Browser, secret: str) -> None:
    code = code_of(secret)
    begun(client).post(STEP, {"code": code})

    with mock.patch("allauth.mfa.totp.internal.auth.cache"):
        page = begun(Browser()).post(STEP, {"code": code}).content.decode()

    assert "used already" in page


def test_who_signs_in_at_both_doors_in_one_breath_is_told_to_wait_for_the_next_code(
    client: Browser, secret: str
) -> None:
    code = code_of(secret)
    client.post("/accounts/login/", BOB | {"next": "/store/applications/"})
    client.post("/accounts/two-step/authenticate/", {"code": code})

    page = begun(client).post(STEP, {"code": code}).content.decode()

    assert "This code was used already; wait for the next one." in page
    assert "Incorrect code" not in page


@pytest.mark.rfc("6238#5.2")
def test_a_clock_may_be_one_step_off_and_not_go_back(client: Browser, secret: str) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        assert begun(client).post(STEP, {"code": code_of(secret, steps=1)}).status_code == 302

        assert "used already" in begun(Browser()).post(STEP, {"code": code_of(secret)}).content.decode()
        assert "Incorrect code" in begun(Browser()).post(STEP, {"code": code_of(secret, steps=2)}).content.decode()


def test_a_recovery_code_works_once(client: Browser, codes: list[str]) -> None:
    assert begun(client).post(STEP, {"code": codes[0]}).status_code == 302

    assert "Incorrect code" in begun(Browser()).post(STEP, {"code": codes[0]}).content.decode()


@pytest.mark.parametrize("typed", ["", "٣٣٣٣٣٣", "\x00", "1" * 5000, "\udcff", "123 456"])
def test_what_is_no_code_is_told(client: Browser, secret: str, typed: str) -> None:
    page = begun(client).post(
        STEP, f"code={typed}".encode(errors="surrogateescape"), "application/x-www-form-urlencoded"
    )

    assert page.status_code == 200
    assert 'class="problem"' in page.content.decode()


def test_codes_cannot_be_guessed_for_long(client: Browser, secret: str) -> None:
    begun(client)
    for _ in range(10):
        client.post(STEP, {"code": "000000"})

    page = client.post(STEP, {"code": code_of(secret)}).content.decode()

    assert "Too many wrong tries" in page


def test_going_back_to_sign_in_starts_over(client: Browser, secret: str) -> None:
    begun(client)

    page = client.get(f"{LOGIN}?next=/oauth2/device")

    assert "Username" in page.content.decode()
    assert client.get(STEP).headers["Location"] == LOGIN


def test_the_session_says_that_there_were_two(client: Browser, secret: str) -> None:
    begun(client).post(STEP, {"code": code_of(secret)})

    records = session_of(client)["account_authentication_methods"]

    assert [record.get("type", record["method"]) for record in records] == ["password", "totp"]


def test_nothing_at_rest_makes_codes(bob: User, secret: str, codes: list[str]) -> None:
    kept = " ".join(str(row.data) for row in Authenticator.objects.all())

    assert secret not in kept
    assert codes[0] not in kept


def test_recovery_codes_are_shown_once(bobs: Browser, codes: list[str]) -> None:
    first = bobs.get(f"{TWO_STEP}recovery-codes/")
    second = bobs.get(f"{TWO_STEP}recovery-codes/").content.decode()

    assert codes[0] in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    assert codes[0] not in second
    assert "10 of 10 are left" in second


def test_recovery_codes_are_downloaded_from_the_page_that_shows_them(bobs: Browser, codes: list[str]) -> None:
    bobs.get(f"{TWO_STEP}recovery-codes/")

    answer = bobs.post(f"{TWO_STEP}recovery-codes/save/", {"codes": " ".join(codes)})
    guessed = bobs.post(f"{TWO_STEP}recovery-codes/save/", {"codes": "12345678"})

    assert answer.content.decode().split() == codes
    assert "attachment" in answer["Content-Disposition"]
    assert guessed.status_code == 302


def test_new_recovery_codes_end_the_old_ones(bobs: Browser, codes: list[str]) -> None:
    page = bobs.post(f"{TWO_STEP}recovery-codes/generate/", follow=True).content.decode()

    assert codes[0] not in page
    assert begun(Browser()).post(STEP, {"code": codes[0]}).status_code == 200


def test_turning_the_app_off_takes_the_recovery_codes_along(bobs: Browser, bob: User, codes: list[str]) -> None:
    bobs.post(f"{TWO_STEP}totp/deactivate/")

    assert kinds(bob) == set()
    assert Browser().post(LOGIN, BOB).headers["Location"] == "/oauth2/device"


def test_the_page_tells_what_there_is(bobs: Browser, codes: list[str]) -> None:
    page = bobs.get(SECURITY).content.decode()

    for words in ("Authenticator app", "10 left", "Turn off", "Passkeys", "Signed-in devices"):
        assert words in page


def test_an_application_that_asks_for_a_second_step_is_come_back_to(bobs: Browser, bob: User) -> None:
    wish = "/oauth2/authorize?client_id=x"
    assert "asks for a second step" in bobs.get(SECURITY, {"next": wish}).content.decode()
    secret = shown_secret(bobs)
    bobs.post(f"{TWO_STEP}totp/activate/", {"code": code_of(secret)})
    assert "Your second step is set up" in bobs.get(SECURITY).content.decode()

    ask = bobs.get(f"{SECURITY}go-on/").headers["Location"]
    answer = bobs.post(ask, {"code": code_of(secret)})

    assert answer.headers["Location"] == wish


def test_a_foreign_wish_is_not_kept(bobs: Browser, bob: User) -> None:
    bobs.get(SECURITY, {"next": "https://evil.example/"})

    assert bobs.get(f"{SECURITY}go-on/").headers["Location"] == SECURITY
