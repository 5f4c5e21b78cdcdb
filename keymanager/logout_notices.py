"""The outbox of back-channel logout: notices that clients are still to be given (accounts/outbox.py)."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from accounts import outbox
from accounts.models import User
from keymanager import back_channel
from keymanager.models import Client, LogoutNotice

log = logging.getLogger(__name__)

# Seconds after the first, second … attempt that failed; then it is given up.
PAUSES = (1, 5, 30, 120, 600, 3600, 6 * 3600)
# Longer than an attempt can take, a slow look-up of the name included.
TAKEN = timedelta(seconds=60)
# One client that does not answer must not keep the others waiting.
WORKERS = 4


def add(client: Client, user: User, sid: str) -> None:
    """If the client wants to be told. Must run inside the transaction of the sign-out."""
    if client.registered("backchannel_logout_uri"):
        LogoutNotice.objects.create(client=client, user=user, sid=sid)


def deliver_due() -> int:
    return outbox.deliver(LogoutNotice.objects.select_related("client", "user"), attempt, taken=TAKEN)


def attempt(notice: LogoutNotice) -> None:
    try:
        notice.last_status = back_channel.send(notice)
        notice.last_error, notice.delivered_at, notice.next_attempt_at = "", timezone.now(), None
    except back_channel.NotDelivered as fault:
        log.info("logout notice %s, attempt %s: %s", notice.pk, notice.attempts, fault)
        notice.last_status, notice.last_error = fault.status, str(fault)[:200]
        pause = outbox.pause_after(notice.attempts, PAUSES)
        notice.next_attempt_at = timezone.now() + pause if pause else None
    # A conditional update: a slow attempt does not undo what a later one, that took the notice over, has written.
    LogoutNotice.objects.filter(pk=notice.pk, attempts=notice.attempts, delivered_at=None).update(
        next_attempt_at=notice.next_attempt_at,
        delivered_at=notice.delivered_at,
        last_status=notice.last_status,
        last_error=notice.last_error,
    )
