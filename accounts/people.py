"""Those who run the portal shut people out, and let them in again. Pages and the command line call the same deeds."""

from __future__ import annotations

from django.db import transaction

from accounts import devices
from accounts.models import User


@transaction.atomic
def shut_out(user: User) -> None:
    """Every session ends, nobody signs in as this person, and whatever was issued for them is refused, at gateways
    within two seconds. Nothing is removed."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    devices.end_others(user, None)


def let_in(user: User) -> None:
    """What was issued before and has not expired is good again; the sessions stay ended."""
    user.is_active = True
    user.save(update_fields=["is_active"])
