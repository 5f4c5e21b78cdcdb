"""The outbox of back-channel logout: notices that clients are still to be given, each as often as it takes.

A notice is taken by moving its next attempt into the future, in a transaction of its own. Whoever dies before the
answer came leaves it there, and it is delivered again: at least once, never lost.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.db import Error, connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from keymanager import back_channel
from keymanager.models import Client, LogoutNotice

log = logging.getLogger(__name__)

# Seconds after the first, second … attempt that failed; then it is given up.
PAUSES = (1, 5, 30, 120, 600, 3600, 6 * 3600)
# Longer than an attempt can take, a slow look-up of the name included.
TAKEN = timedelta(seconds=60)
POLL_SECONDS = 1.0
# One client that does not answer must not keep the others waiting.
WORKERS = 4


def add(client: Client, user: User, sid: str) -> None:
    """If the client wants to be told. Must run inside the transaction of the sign-out."""
    if client.registered("backchannel_logout_uri"):
        LogoutNotice.objects.create(client=client, user=user, sid=sid)


def work(stop: threading.Event) -> None:
    """Delivers until `stop` is set. A database that cannot be had is tried again."""
    while not stop.is_set():
        try:
            deliver_due()
        except Error as fault:
            log.warning("logout notices wait for the database: %s", fault)
            connections.close_all()
        stop.wait(POLL_SECONDS)


def deliver_due() -> int:
    """Attempts everything that is due; how many attempts it took."""
    count = 0
    while notice := take():
        attempt(notice)
        count += 1
    return count


def take() -> LogoutNotice | None:
    """A notice that is due, so that nobody else has it for a while; two at once take two."""
    due = LogoutNotice.objects.filter(next_attempt_at__lte=timezone.now()).order_by("next_attempt_at")
    if not due.exists():  # SQLite has one lock for all who write: it is asked for only when there is work
        return None
    with transaction.atomic():
        free = due.select_for_update(of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked)
        notice = free.select_related("client", "user").first()
        if notice is not None:
            notice.attempts += 1
            notice.next_attempt_at = timezone.now() + TAKEN
            notice.save(update_fields=["attempts", "next_attempt_at"])
    return notice


def attempt(notice: LogoutNotice) -> None:
    try:
        notice.last_status = back_channel.send(notice)
        notice.last_error, notice.delivered_at, notice.next_attempt_at = "", timezone.now(), None
    except back_channel.NotDelivered as fault:
        log.info("logout notice %s, attempt %s: %s", notice.pk, notice.attempts, fault)
        notice.last_status, notice.last_error = fault.status, str(fault)[:200]
        again = notice.attempts <= len(PAUSES)
        pause = timedelta(seconds=PAUSES[notice.attempts - 1]) if again else None
        notice.next_attempt_at = timezone.now() + pause if pause else None
    # A conditional update: a slow attempt does not undo what a later one, that took the notice over, has written.
    LogoutNotice.objects.filter(pk=notice.pk, attempts=notice.attempts, delivered_at=None).update(
        next_attempt_at=notice.next_attempt_at,
        delivered_at=notice.delivered_at,
        last_status=notice.last_status,
        last_error=notice.last_error,
    )
