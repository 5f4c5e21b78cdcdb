"""People who use the store."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from store.models import Application, Developer, ThrottlingPolicy

DEFAULT_APPLICATION = "DefaultApplication"
DEFAULT_DESCRIPTION = "Made for you on your first visit. Rename it, use it, or delete it."


def arrive(*, user: User) -> None:
    """On a person's first visit, once: the row that says so, and the application they begin with."""
    if Developer.objects.filter(user=user).exists():
        return
    try:
        with transaction.atomic():
            Developer.objects.create(user=user)
            make_default_application(user)
    except IntegrityError:
        # Two first visits at once: the unique row let one of them through, and that one made the application.
        return


def make_default_application(user: User) -> None:
    if Application.objects.owned_by(user).filter(name__iexact=DEFAULT_APPLICATION).exists():
        return
    policy = ThrottlingPolicy.objects.get(level=ThrottlingPolicy.Level.APPLICATION, name="Unlimited")
    Application.objects.create(owner=user, name=DEFAULT_APPLICATION, policy=policy, description=DEFAULT_DESCRIPTION)
