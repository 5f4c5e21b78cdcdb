"""What a session says about how its person signed in."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from accounts import authentication_methods as methods
from accounts.models import User

PASSWORD = {"method": "password", "at": 1.0, "username": "bob"}
CODE = {"method": "mfa", "type": "totp", "id": 1, "at": 2.0}
RECOVERY = {"method": "mfa", "type": "recovery_codes", "id": 1, "at": 2.0}
KEY = {"method": "mfa", "type": "webauthn", "id": 1, "at": 2.0}
PASSKEY = KEY | {"passwordless": True}


def signed_in(user: User | AnonymousUser, *records: dict[str, Any]) -> HttpRequest:
    request = RequestFactory().get("/oauth2/authorize")
    request.user = user
    session: Any = {
        "account_authentication_methods": list(records),
        "account_authentication_methods_user": str(user.pk),
    }
    request.session = session
    return request


@pytest.mark.rfc("8176#2")
@pytest.mark.parametrize(
    ("records", "values"),
    [
        ([], []),
        ([PASSWORD], ["pwd"]),
        ([PASSWORD, PASSWORD], ["pwd"]),
        ([PASSWORD, CODE], ["pwd", "otp", "mfa"]),
        ([PASSWORD, RECOVERY], ["pwd", "otp", "mfa"]),
        ([PASSWORD, KEY], ["pwd", "pop", "mfa"]),
        ([PASSKEY], ["pop", "mfa"]),
        ([PASSKEY, PASSWORD], ["pop", "pwd", "mfa"]),
        ([{"method": "something new"}, PASSWORD], ["pwd"]),
    ],
)
def test_the_methods_have_their_registered_names(bob: User, records: list[dict[str, Any]], values: list[str]) -> None:
    assert methods.amr(signed_in(bob, *records)) == values


def test_one_factor_and_two_factors_are_told_apart(bob: User) -> None:
    assert methods.acr(signed_in(bob, PASSWORD)) == methods.ONE_FACTOR_ACR
    assert methods.acr(signed_in(bob, PASSWORD, CODE)) == methods.TWO_FACTOR_ACR
    assert methods.acr(signed_in(bob, PASSKEY)) == methods.TWO_FACTOR_ACR


def test_a_session_of_nobody_has_no_assurance() -> None:
    request = signed_in(AnonymousUser(), PASSWORD, CODE)

    assert methods.amr(request) == []
    assert methods.acr(request) == "0"


def test_what_somebody_else_did_in_the_session_does_not_count(bob: User, charlie: User) -> None:
    request = signed_in(bob, PASSWORD, CODE)
    request.user = charlie

    assert methods.acr(request) == "0"


def test_two_factors_satisfy_one_and_not_the_other_way_round(bob: User) -> None:
    one, two = signed_in(bob, PASSWORD), signed_in(bob, PASSWORD, CODE)

    assert methods.satisfies(two, methods.ONE_FACTOR_ACR)
    assert methods.satisfies(one, methods.ONE_FACTOR_ACR)
    assert not methods.satisfies(one, methods.TWO_FACTOR_ACR)
    assert not methods.satisfies(two, "urn:mace:incommon:iap:gold")


def test_the_second_factor_is_asked_for_where_there_is_one(bob: User) -> None:
    TOTP.activate(bob, generate_totp_secret())

    address = methods.step_up_address(signed_in(bob, PASSWORD), "/oauth2/authorize?a=b&c=d")

    assert address.endswith("/two-step/reauthenticate/?next=%2Foauth2%2Fauthorize%3Fa%3Db%26c%3Dd")


def test_who_has_none_is_sent_to_set_one_up(bob: User) -> None:
    address = methods.step_up_address(signed_in(bob, PASSWORD), "/oauth2/authorize")

    assert address.endswith("/security/?next=%2Foauth2%2Fauthorize")
