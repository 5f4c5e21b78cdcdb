"""How the person of a session proved who they are: `amr` (RFC 8176), `acr` (OpenID Connect Core 2), and the way to a
second factor. docs/decisions/0009-authentication-methods.md has the reasons for the values."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User

PASSWORD, ONE_TIME_CODE, KEY, TWO_FACTORS = "pwd", "otp", "pop", "mfa"
# Somebody signed in on another server, which says how (docs/sign-in-elsewhere.md).
ELSEWHERE = "elsewhere"
# RFC 8176 2 has no value for a recovery code, which is a password that works once. "pop" and not "hwk": without
# attestation nobody knows whether a passkey's key is in hardware.
VALUES = {"totp": ONE_TIME_CODE, "recovery_codes": ONE_TIME_CODE, "webauthn": KEY}
PASSWORD_METHODS = {"password", "password_reset"}

UNKNOWN_ACR = "0"
ONE_FACTOR_ACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
TWO_FACTOR_ACR = "https://refeds.org/profile/mfa"
# From the weakest on. "0" is never offered: OpenID Connect Core 2 keeps it for what has no assurance at all.
ACR_VALUES = [ONE_FACTOR_ACR, TWO_FACTOR_ACR]


def amr(request: HttpRequest) -> list[str]:
    """RFC 8176: the methods used in this session, in the order of first use; `mfa` last when they are two factors."""
    records = get_authentication_records(request, request.user if isinstance(request.user, User) else None)
    if there := of_elsewhere(records):
        return list(there["amr"])
    methods = list(dict.fromkeys(value for record in records if (value := value_of(record))))
    return [*methods, TWO_FACTORS] if is_two_factors(records, methods) else methods


def of_elsewhere(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What the other server said of the sign-in: `amr`, and `acr` by the names that it uses."""
    return records[-1] if records and records[-1].get("method") == ELSEWHERE else None


def value_of(record: dict[str, Any]) -> str | None:
    if record.get("method") in PASSWORD_METHODS:
        return PASSWORD
    return VALUES.get(record.get("type", "")) if record.get("method") == "mfa" else None


def is_two_factors(records: list[dict[str, Any]], methods: list[str]) -> bool:
    """A password and something else; or a passkey alone: a PIN or a finger unlocks it, which makes two."""
    return (PASSWORD in methods and len(methods) > 1) or any(record.get("passwordless") for record in records)


def acr(request: HttpRequest) -> str:
    """One of ACR_VALUES, or a value of the server where the person signed in; "0" for a session nobody signed in to."""
    records = get_authentication_records(request, request.user if isinstance(request.user, User) else None)
    if there := of_elsewhere(records):
        return str(there["acr"])
    methods = amr(request)
    if TWO_FACTORS in methods:
        return TWO_FACTOR_ACR
    return ONE_FACTOR_ACR if methods else UNKNOWN_ACR


def satisfies(request: HttpRequest, wanted: str) -> bool:
    """Whether the session is at least as well authenticated as `wanted`, which may be a value nobody knows: False."""
    reached = acr(request)
    return wanted in ACR_VALUES and reached in ACR_VALUES and ACR_VALUES.index(reached) >= ACR_VALUES.index(wanted)


def step_up_address(request: HttpRequest, next_path: str) -> str:
    """Where somebody signed in with one factor shows a second, and then goes on to `next_path` (a path of ours).

    Who has none is sent to the page where one is set up; it leads on from there.
    """
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    name = "mfa_reauthenticate" if is_mfa_enabled(request.user, kinds) else "account_security"
    return f"{reverse(name)}?{urlencode({'next': next_path})}"
