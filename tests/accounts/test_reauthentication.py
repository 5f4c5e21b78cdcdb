"""Before secrets are shown or changed, who signed in long ago is asked again."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from tests.accounts.conftest import SECURITY, TWO_STEP, code_of, long_ago

ACTIVATE = f"{TWO_STEP}totp/activate/"
AGAIN = "/oauth2/account/reauthenticate/"


@pytest.mark.parametrize(
    "address",
    [ACTIVATE, f"{TWO_STEP}webauthn/add/"],
)
def test_who_just_signed_in_is_not_asked(bobs: Browser, address: str) -> None:
    assert bobs.get(address).status_code == 200


@pytest.mark.parametrize(
    "page",
    ["totp/activate/", "totp/deactivate/", "webauthn/add/", "recovery-codes/", "recovery-codes/generate/"],
)
def test_who_signed_in_long_ago_is_asked_again(bobs: Browser, codes: list[str], page: str) -> None:
    if page == "totp/activate/":
        bobs.post(f"{TWO_STEP}totp/deactivate/")
    long_ago(bobs)

    answer = bobs.get(TWO_STEP + page)

    assert answer.headers["Location"].startswith(f"{AGAIN}?next=")


def test_the_right_password_leads_back(bobs: Browser) -> None:
    long_ago(bobs)
    ask = bobs.get(ACTIVATE).headers["Location"]
    assert "you signed in a while ago" in bobs.get(ask).content.decode()

    answer = bobs.post(ask, {"password": "bob"})

    assert answer.headers["Location"] == ACTIVATE
    assert bobs.get(ACTIVATE).status_code == 200


def test_a_wrong_password_does_not(bobs: Browser) -> None:
    long_ago(bobs)

    page = bobs.post(f"{AGAIN}?next={ACTIVATE}", {"password": "x"}).content.decode()

    assert "Incorrect password" in page
    assert bobs.get(ACTIVATE).status_code == 302


def test_a_code_will_do_as_well(bobs: Browser, secret: str) -> None:
    long_ago(bobs)
    page = bobs.get(bobs.get(f"{TWO_STEP}totp/deactivate/").headers["Location"]).content.decode()
    assert f"{TWO_STEP}reauthenticate/?next=" in page

    answer = bobs.post(f"{TWO_STEP}reauthenticate/?next={SECURITY}", {"code": code_of(secret)})

    assert answer.headers["Location"] == SECURITY
    assert bobs.get(f"{TWO_STEP}totp/deactivate/").status_code == 200


def test_an_e_mail_address_is_changed_by_who_proved_it_lately(bobs: Browser, bob: User) -> None:
    long_ago(bobs)

    answer = bobs.post("/oauth2/account/email/", {"email": "thief@example.com", "action_add": ""})

    assert answer.headers["Location"].startswith(AGAIN)
    assert not bob.emailaddress_set.filter(email="thief@example.com").exists()  # type: ignore[attr-defined]


def test_a_foreign_address_is_not_gone_to(bobs: Browser) -> None:
    answer = bobs.post(f"{AGAIN}?next=https://evil.example/", {"password": "bob"})

    assert "evil" not in answer.headers["Location"]
