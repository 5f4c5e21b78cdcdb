"""Who else may vouch for people by assertions (RFC 7523), and which assertions were used."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from keymanager import client_metadata


class AssertionUse(models.Model):
    """RFC 7523 3: the `jti` of an assertion, kept as a checksum until the assertion would have expired anyway."""

    checksum = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.checksum


class TrustedIssuer(models.Model):
    """One whose signed assertions are taken for a person's authorization (RFC 7523 2.1).

    An operator registers it: another organization's identity provider by its URL, or a client that speaks for people of
    its own by its client_id.
    """

    class Accounts(models.TextChoices):
        SUBJECT = "subject", "the account whose subject here it is"
        LINKED = "linked", "the account that is linked to it"

    issuer = models.CharField(max_length=300, unique=True, help_text="The `iss` of its assertions, letter by letter.")
    jwks = models.JSONField(null=True, blank=True, help_text="Its public keys (RFC 7517 5).")
    jwks_uri = models.CharField(max_length=2000, blank=True, help_text="Or where they are published, by https.")
    user_claim = models.CharField(max_length=100, default="sub", help_text="The claim that tells the person.")
    accounts = models.CharField(max_length=7, choices=Accounts.choices, default=Accounts.SUBJECT)
    clients = models.ManyToManyField(
        "keymanager.Client", blank=True, related_name="trusted_issuers", help_text="Those that may use its assertions."
    )
    longest_lifetime = models.PositiveIntegerField(default=3600, help_text="Seconds that an assertion may be good for.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.issuer

    @property
    def is_stranger(self) -> bool:
        """An administrator entered it."""
        return False

    def registered(self, name: str) -> Any:
        """`jwks` or `jwks_uri`, None when it has not got that; as of a Client (keymanager/client_keys.py)."""
        return {"jwks": self.jwks, "jwks_uri": self.jwks_uri or None}[name]

    def clean(self) -> None:
        for name in ("jwks", "jwks_uri"):
            value = self.registered(name)
            if value is not None and not client_metadata.MEMBERS[name].allows(value):
                raise ValidationError({name: f"This is no {name} that can be used."})
        if (self.jwks is None) == (not self.jwks_uri):
            raise ValidationError("Give either its keys or the address where they are published.")


class LinkedSubject(models.Model):
    """That a trusted issuer means this account when it names that subject."""

    issuer = models.ForeignKey(TrustedIssuer, on_delete=models.CASCADE, related_name="subjects")
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["issuer", "subject"], name="linked_subject_once")]

    def __str__(self) -> str:
        return self.subject
