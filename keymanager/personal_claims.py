"""The standard claims about a person: which scope asks for which, in what words, and what each says
(OpenID Connect Core 5.1 and 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import PersonalDetails, User

OF_SCOPE: dict[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
SCOPE_OF = {claim: scope for scope, claims in OF_SCOPE.items() for claim in claims}
ALL = tuple(SCOPE_OF)
# How a single claim stands among the scopes that a person is asked for and that are remembered.
PREFIX = "claim:"

WORDS = {
    "name": "See your full name",
    "family_name": "See your last name",
    "given_name": "See your first name",
    "middle_name": "See your middle name",
    "nickname": "See your nickname",
    "preferred_username": "See your user name",
    "profile": "See the address of your profile page",
    "picture": "See the address of your picture",
    "website": "See the address of your website",
    "gender": "See your gender",
    "birthdate": "See your date of birth",
    "zoneinfo": "See your time zone",
    "locale": "See your language",
    "updated_at": "See when you last changed your details",
    "email": "See your e-mail address",
    "email_verified": "See whether your e-mail address was confirmed",
    "address": "See your postal address",
    "phone_number": "See your telephone number",
    "phone_number_verified": "See whether your telephone number was confirmed",
}

OF_ACCOUNT = frozenset({"name", "family_name", "given_name", "preferred_username"})
OF_EMAIL = frozenset(OF_SCOPE["email"])
OF_DETAILS = frozenset(ALL) - OF_ACCOUNT - OF_EMAIL


def of_scopes(scopes: Iterable[str]) -> set[str]:
    return {claim for scope in scopes for claim in OF_SCOPE.get(scope, ())}


def covering(name: str) -> str | None:
    """The scope that includes the claim of `name`, which begins with PREFIX; None for a scope."""
    return SCOPE_OF.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


def values(user: User, names: set[str]) -> dict[str, Any]:
    """Those of the claims `names` that are known, in the order of 5.1; a statement for the details and one for whether
    the e-mail address is confirmed, where they are asked for."""
    known: dict[str, Any] = {}
    if names & OF_ACCOUNT:
        known |= account(user)
    if names & OF_EMAIL and user.email:
        known |= {"email": user.email, "email_verified": is_verified(user)}
    if names & OF_DETAILS and (row := PersonalDetails.objects.filter(user_id=user.pk).first()):
        known |= detailed(row)
    # 5.3.2: "If a Claim is not returned, that Claim Name SHOULD be omitted"; never null or an empty string.
    return {name: known[name] for name in ALL if name in names and known.get(name, "") != ""}


def account(user: User) -> dict[str, str]:
    return {
        "name": user.get_full_name(),
        "given_name": user.first_name,
        "family_name": user.last_name,
        "preferred_username": user.get_username(),
    }


def is_verified(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())


def detailed(row: PersonalDetails) -> dict[str, Any]:
    same = ("middle_name", "nickname", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale")
    claims: dict[str, Any] = {name: getattr(row, name) for name in same}
    claims["updated_at"] = int(row.updated_at.timestamp())
    if row.phone_number:
        claims |= {"phone_number": row.phone_number, "phone_number_verified": row.phone_number_verified}
    if parts := address(row):
        claims["address"] = parts
    return claims


def address(row: PersonalDetails) -> dict[str, str]:
    """OpenID Connect Core 5.1.1: an object, and a text of several lines that can be put on a letter."""
    names = ("street_address", "locality", "region", "postal_code", "country")
    parts = {name: text for name in names if (text := getattr(row, name).replace("\r\n", "\n"))}
    town = " ".join(filter(None, [row.postal_code, row.locality]))
    lines = [line for line in (parts.get("street_address"), town, row.region, row.country) if line]
    return {"formatted": "\n".join(lines)} | parts if parts else {}
