"""What is left of a thing that is gone: how its tokens are known, so that they are refused until they have expired."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class RevokedClaim(models.Model):
    """Self-contained tokens whose `claim` is `value` are refused, though no row of ours could still be revoked."""

    claim = models.CharField(max_length=9, help_text="client_id or grant_id.")
    value = models.CharField(max_length=300)
    revoked_at = models.DateTimeField(default=timezone.now, db_index=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["claim", "value"], name="revoked_claim_once")]

    def __str__(self) -> str:
        return f"{self.claim} {self.value}"
