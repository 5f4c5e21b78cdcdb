"""Outboxes: rows that something is to be sent for, each as often as it takes.

A row is taken by moving its next attempt into the future, in a transaction of its own. Whoever dies before the answer
came leaves it there, and it is sent again: at least once, never lost.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import Error, connection, connections, models, transaction
from django.db.models import QuerySet
from django.utils import timezone

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class Waiting(models.Model):
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    next_attempt_at = models.DateTimeField(default=timezone.now, null=True, blank=True, help_text="Empty: no more.")
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


W = TypeVar("W", bound=Waiting)


def work(stop: threading.Event, deliver_due: Callable[[], int]) -> None:
    """Delivers until `stop` is set. A database that cannot be had is tried again, and told of once."""
    waits = False
    while not stop.is_set():
        try:
            deliver_due()
        except Error as fault:
            if not waits:
                log.warning("what is to be sent waits for the database: %s", fault)
            waits = True
            connections.close_all()
        else:
            if waits:
                log.info("what is to be sent goes on")
            waits = False
        stop.wait(POLL_SECONDS)


def deliver(rows: QuerySet[W], attempt: Callable[[W], None], *, taken: timedelta) -> int:
    """Attempts everything that is due; how many attempts it took. `taken` is longer than one can take."""
    count = 0
    while row := take(rows, taken):
        attempt(row)
        count += 1
    return count


def take(rows: QuerySet[W], taken: timedelta) -> W | None:
    """One that is due, so that nobody else has it for a while; two at once take two."""
    due = rows.filter(next_attempt_at__lte=timezone.now()).order_by("next_attempt_at")
    if not due.exists():  # SQLite has one lock for all who write: it is asked for only when there is work
        return None
    with transaction.atomic():
        free = due.select_for_update(of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked)
        row = free.first()
        if row is not None:
            row.attempts += 1
            row.next_attempt_at = timezone.now() + taken
            row.save(update_fields=["attempts", "next_attempt_at"])
    return row


def pause_after(attempts: int, pauses: tuple[int, ...]) -> timedelta | None:
    """How long after so many attempts, in vain, the next one is made; None: it is given up."""
    return timedelta(seconds=pauses[attempts - 1]) if attempts <= len(pauses) else None
