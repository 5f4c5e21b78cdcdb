"""Who may vouch for people here by a signed assertion, and whom an assertion means (RFC 7523 2.1 and 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from keymanager.assertion_models import LinkedSubject, TrustedIssuer
from keymanager.json_web_tokens import Refused, text
from keymanager.models import Client


@transaction.atomic
def trust(*, issuer: str, clients: Sequence[Client], **fields: Any) -> TrustedIssuer:
    """From now on these clients, and no others, may use assertions of `issuer`; `fields` are others of TrustedIssuer.

    Raises ValidationError for fields that cannot be used.
    """
    row = TrustedIssuer.objects.filter(issuer=issuer).first() or TrustedIssuer(issuer=issuer)
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean(validate_unique=False)
    row.save()
    row.clients.set(clients)
    return row


def link(issuer: TrustedIssuer, *, subject: str, user: User) -> None:
    """From now on `issuer` means `user` when it names `subject`."""
    LinkedSubject.objects.update_or_create(issuer=issuer, subject=subject, defaults={"user": user})


def find(issuer: str, *, client: Client) -> TrustedIssuer:
    """The issuer that this client may use. One statement."""
    row = TrustedIssuer.objects.filter(issuer=issuer, is_enabled=True, clients=client).first()
    if row is None:
        raise Refused("an issuer that is unknown, or not for this client")
    return row


def person(issuer: TrustedIssuer, claims: dict[str, Any]) -> User:
    """Whom the assertion means; an account that is switched off is nobody's. One statement."""
    subject = text(claims, issuer.user_claim)
    if issuer.accounts == TrustedIssuer.Accounts.LINKED:
        row = LinkedSubject.objects.select_related("user").filter(issuer=issuer, subject=subject[:256]).first()
        user = row.user if row else None
    else:
        user = User.objects.filter(subject=uuid_of(subject)).first()
    if user is None or not user.is_active:
        raise Refused(f"{issuer.user_claim} means no account, or one that is switched off")
    return user


def uuid_of(subject: str) -> UUID:
    """Written as our own tokens write it (RFC 9562 4); UUID() takes braces, prefixes and missing hyphens too."""
    try:
        value = UUID(subject)
    except ValueError:
        raise Refused("the subject is no account's") from None
    if str(value) != subject:
        raise Refused("the subject is no account's")
    return value
