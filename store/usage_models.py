"""The figures of calls through the gateways, and how far each call log has been counted (docs/statistics.md).

Ids are checksums of what a row is about, so that adding to a row and making it are one statement (store/usage.py).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class Figures(models.Model):
    """Sums. `within_…`: calls that took at most so many milliseconds, so the later ones hold the earlier ones."""

    COUNTED: ClassVar = (
        "calls", "milliseconds", "backend_calls", "backend_milliseconds", "bytes_in", "bytes_out",
        "within_10", "within_50", "within_100", "within_500", "within_1000", "within_5000",
    )  # fmt: skip

    calls = models.PositiveBigIntegerField(default=0)
    milliseconds = models.PositiveBigIntegerField(default=0)
    backend_calls = models.PositiveBigIntegerField(default=0, help_text="Those that a backend answered.")
    backend_milliseconds = models.PositiveBigIntegerField(default=0, help_text="Until its answer began.")
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)
    within_10 = models.PositiveBigIntegerField(default=0)
    within_50 = models.PositiveBigIntegerField(default=0)
    within_100 = models.PositiveBigIntegerField(default=0)
    within_500 = models.PositiveBigIntegerField(default=0)
    within_1000 = models.PositiveBigIntegerField(default=0)
    within_5000 = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True


class HourlyUsage(Figures):
    """One hour of calls that have everything but their user in common. No foreign keys: figures outlive what they are
    about, and a gateway may know what the store does not."""

    id = models.CharField(primary_key=True, max_length=32)
    hour = models.DateTimeField(db_index=True)
    api = models.CharField(max_length=100, help_text="Its context: /photos; empty: no API.")
    version = models.CharField(max_length=100)
    resource = models.CharField(max_length=300, help_text="As the definition has it: /albums/{id}")
    method = models.CharField(max_length=10)
    application_id = models.CharField(max_length=36, help_text="Empty: no valid token, or a client of none.")
    client_id = models.CharField(max_length=255)
    key_type = models.CharField(max_length=10)
    tier = models.CharField(max_length=50)
    status = models.PositiveSmallIntegerField(help_text="0: the caller went away.")
    fault_code = models.PositiveIntegerField(help_text="0: a backend answered.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["application_id", "hour"], name="hourly_usage_of_application")]

    def __str__(self) -> str:
        return f"{self.api}/{self.version} {self.hour:%Y-%m-%d %H}h"


class ApiTotal(Figures):
    """All calls of an API that ended in one status, ever: what Prometheus is told."""

    id = models.CharField(primary_key=True, max_length=32)
    api = models.CharField(max_length=100)
    version = models.CharField(max_length=100)
    status = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.api}/{self.version} {self.status}"


class DailyUser(models.Model):
    """Calls of one person with one application on one day. Only the most active ones have a row; `subject` is empty in
    the row that holds all others."""

    COUNTED: ClassVar = ("calls",)

    id = models.CharField(primary_key=True, max_length=32)
    day = models.DateField()
    application_id = models.CharField(max_length=36)
    subject = models.CharField(max_length=255)
    calls = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["application_id", "day"], name="daily_user_of_application"),
            models.Index(fields=["day"], name="daily_user_day"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.day}"


class LogPosition(models.Model):
    """How far the call log of a gateway has been counted; moves in the transaction that writes the figures."""

    node = models.CharField(primary_key=True, max_length=100)
    file = models.CharField(max_length=32, help_text="Checksum of the file's first line; empty: none yet.")
    offset = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    calls = models.PositiveBigIntegerField(default=0)
    unreadable = models.PositiveBigIntegerField(default=0, help_text="Lines that told nothing.")
    behind = models.PositiveBigIntegerField(default=0, help_text="Bytes that waited when it last looked.")
    looked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.node


class GatewayState(models.Model):
    """What a gateway has of one kind of resources, as it said when it last asked."""

    node = models.CharField(max_length=100)
    kind = models.CharField(max_length=200, help_text="routes, clusters, …")
    version = models.CharField(max_length=64, help_text="That it has; empty: none.")
    offered = models.CharField(max_length=64, help_text="That it was answered.")
    behind_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, help_text="Why it refused what it was offered.")
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["node", "kind"], name="gateway_state_once")]

    def __str__(self) -> str:
        return f"{self.node} {self.kind}"
