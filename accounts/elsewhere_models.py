"""What is known of people who sign in on another server (docs/sign-in-elsewhere.md)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models


class LinkedAccount(models.Model):
    """Somebody's account there, and here. OpenID Connect Core 5.7: issuer and subject together are "the only Claims
    that an RP can rely upon as a stable identifier"; a name or an e-mail address is none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="linked_accounts")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["issuer", "subject"], name="linked_account_once")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class SessionElsewhere(models.Model):
    """Which session there a session here came from. It goes with the session."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="elsewhere")
    account = models.ForeignKey(LinkedAccount, on_delete=models.CASCADE, related_name="sessions")
    # The session's public name there, empty when it was not told.
    sid_there = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["account", "sid_there"], name="session_elsewhere_sid")]

    def __str__(self) -> str:
        return f"a session of {self.account_id}"
