from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.elsewhere_models import LinkedAccount, SessionElsewhere
from accounts.outbox import Waiting

__all__ = ["Device", "LinkedAccount", "Mail", "PersonalDetails", "SessionElsewhere", "User"]


class User(AbstractUser):
    """A person: developer, end user or administrator.

    `subject` is what tokens carry as `sub` (OpenID Connect Core 2: never reassigned), so a user name may change hands.
    """

    subject = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
    applications_may_call = models.BooleanField(default=True, db_default=True)

    class Meta(AbstractUser.Meta):
        # Few, and a gateway asks for them every second.
        indexes: ClassVar = [
            models.Index(fields=["id"], name="user_inactive", condition=Q(is_active=False)),
            models.Index(fields=["id"], name="user_stopped", condition=Q(applications_may_call=False)),
        ]
        # People sign in by any case: were there an Alice beside alice, neither could.
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("username"), name="username_once", violation_error_message="That username is taken."
            )
        ]


class Device(models.Model):
    """A browser in which somebody is signed in. It goes with its session, and a session that goes takes it along."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    at_key_manager = models.BooleanField(default=False)
    address = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=300)
    signed_in_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_agent} from {self.address}"


class PersonalDetails(models.Model):
    """What a person may tell of themselves beyond their account: the standard claims of OpenID Connect Core 5.1, by
    their names. Nothing is asked for; what is empty is told to nobody."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="details")
    middle_name = models.CharField(max_length=150, blank=True)
    nickname = models.CharField(max_length=150, blank=True)
    profile = models.URLField(max_length=500, blank=True)
    picture = models.URLField(max_length=500, blank=True)
    website = models.URLField(max_length=500, blank=True)
    gender = models.CharField(max_length=50, blank=True)
    birthdate = models.CharField(max_length=10, blank=True, help_text="YYYY-MM-DD, 0000-MM-DD or YYYY.")
    zoneinfo = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    phone_number = models.CharField(max_length=16, blank=True, help_text="E.164.")
    phone_number_verified = models.BooleanField(default=False, editable=False)
    street_address = models.CharField(max_length=500, blank=True)
    locality = models.CharField(max_length=150, blank=True)
    region = models.CharField(max_length=150, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"details of {self.user_id}"


class Mail(Waiting):
    """A mail still to be sent; it leaves when it was, or is given up. Sealed, for links in it set passwords."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.CharField(max_length=100)
    sealed = models.TextField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_attempt_at"], name="mail_due")]

    def __str__(self) -> str:
        return f"{self.id} ({self.template})"
