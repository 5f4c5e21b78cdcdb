from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone


class User(AbstractUser):
    """A person: developer, end user or administrator.

    `subject` is what tokens carry as `sub` (OpenID Connect Core 2: never reassigned), so a user name may change hands.
    """

    subject = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)


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
