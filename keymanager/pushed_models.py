"""Authorization requests that were sent here before the browser came (RFC 9126)."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class PushedRequest(models.Model):
    """An authorization request that came to this server first (RFC 9126 2). What names it is made from its id and the
    installation's key (keymanager/pushed_requests.py), so the row alone does not tell it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey("keymanager.Client", on_delete=models.CASCADE, related_name="pushed_requests")
    parameters = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When a browser came with it first.")
    consumed_at = models.DateTimeField(null=True, blank=True, help_text="When its answer went to the client.")

    def __str__(self) -> str:
        return str(self.id)
