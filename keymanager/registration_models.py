"""What lets somebody register clients, and look after what was registered (RFC 7591, RFC 7592)."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class InitialAccessToken(models.Model):
    """What an operator hands out so that somebody may register clients (RFC 7591 1.2), and which."""

    checksum = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=100, help_text="For whom it was made.")
    grant_types = models.JSONField(default=list, help_text="Grant types that its clients may have.")
    scopes = models.JSONField(default=list, help_text="Scopes that its clients may have.")
    uses_left = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.note


class RegistrationAccessToken(models.Model):
    """By which a client that registered itself reads, changes and removes its registration (RFC 7592 3)."""

    client = models.OneToOneField(
        "keymanager.Client", on_delete=models.CASCADE, related_name="registration_access_token"
    )
    checksum = models.CharField(max_length=64, unique=True)
    grant_types = models.JSONField(default=list, help_text="Grant types that it may have.")
    scopes = models.JSONField(default=list, help_text="Scopes that it may have.")

    def __str__(self) -> str:
        return str(self.client)
