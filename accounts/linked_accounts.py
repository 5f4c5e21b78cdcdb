"""The local account of somebody who signed in on another server.

A first sign-in makes a new account, always. An account that is there already is never given to anybody because a name
or an e-mail address is the same: the other server may let people write into both what they like. Whoever is to have
an earlier account gets it from the administrator (`manage.py link_account`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.models import LinkedAccount, User

NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")
LONGEST_NAME = 140
ATTEMPTS = 5


def find(issuer: str, subject: str) -> LinkedAccount | None:
    return LinkedAccount.objects.select_related("user").filter(issuer=issuer, subject=subject).first()


def find_or_create(issuer: str, subject: str, claims: Mapping[str, Any]) -> LinkedAccount:
    """Two first sign-ins at once get one account; a name that somebody takes meanwhile costs another attempt."""
    for _ in range(ATTEMPTS):
        if known := find(issuer, subject):
            return known
        try:
            return create(issuer, subject, claims)
        except IntegrityError:
            continue
    raise IntegrityError(f"no account could be made for {subject!r} of {issuer!r}")


@transaction.atomic
def create(issuer: str, subject: str, claims: Mapping[str, Any]) -> LinkedAccount:
    """With a password that nobody knows: the password grant and the store's sign-in form refuse it."""
    user = User(
        username=free_name(claims),
        first_name=text(claims, "given_name", 150),
        last_name=text(claims, "family_name", 150),
    )
    user.set_unusable_password()
    user.save()
    keep_address(user, claims)
    return LinkedAccount.objects.create(user=user, issuer=issuer, subject=subject)


def keep_address(user: User, claims: Mapping[str, Any]) -> None:
    """Only one that the other server has verified (OpenID Connect Core 5.1) and that is nobody else's here."""
    email = text(claims, "email", 254)
    if claims.get("email_verified") is not True or not is_address(email):
        return
    if User.objects.filter(email__iexact=email).exists() or EmailAddress.objects.filter(email__iexact=email).exists():
        return
    user.email = email
    user.save(update_fields=["email"])
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)


def is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def free_name(claims: Mapping[str, Any]) -> str:
    """The name there, or one like it: user names are unique here whatever their case."""
    return next(name for name in candidates(claims) if not User.objects.filter(username__iexact=name).exists())


def candidates(claims: Mapping[str, Any]) -> Iterator[str]:
    wanted = NOT_IN_NAMES.sub("-", text(claims, "preferred_username", LONGEST_NAME)).strip("-") or "user"
    yield wanted
    number = 2
    while True:
        yield f"{wanted}-{number}"
        number += 1


def text(claims: Mapping[str, Any], name: str, longest: int) -> str:
    """What a stranger's claim may leave in a column: printable text of some length."""
    value = claims.get(name)
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:longest]
