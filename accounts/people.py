"""Those who run the portal shut people out, and let them in again. Pages and the command line call the same deeds."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from accounts import devices
from accounts.models import User


@transaction.atomic
def shut_out(user: User) -> None:
    """Every session ends, nobody signs in as this person, and whatever was issued for them is refused, at gateways
    within two seconds. Nothing is removed. What they own, applications and APIs, goes on for the people who use it."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    devices.end_others(user, None)


def let_in(user: User) -> None:
    """What was issued before and has not expired is good again; the sessions stay ended."""
    user.is_active = True
    user.save(update_fields=["is_active"])


@transaction.atomic
def stop_applications(user: User) -> None:
    """All that this person owns, those too that come later: they get no tokens, and gateways refuse within two seconds
    those they have, whoever approved them, and their API keys. Nothing is removed."""
    user.applications_may_call = False
    user.save(update_fields=["applications_may_call"])
    import_string(settings.OWNER_CHANGES)()


@transaction.atomic
def resume_applications(user: User) -> None:
    """What they had before and has not expired is good again."""
    user.applications_may_call = True
    user.save(update_fields=["applications_may_call"])
    import_string(settings.OWNER_CHANGES)()
