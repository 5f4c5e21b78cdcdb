"""The outbox of mails (accounts/outbox.py): whoever causes one does not wait for the mail server, nor lose it."""

from __future__ import annotations

import json
import logging
import smtplib
from datetime import datetime, timedelta
from email.utils import format_datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Count, Min
from django.utils import timezone

from accounts import mail_server, outbox, sealing
from accounts.models import Mail

log = logging.getLogger(__name__)

PURPOSE = b"mails"
# Seconds after the first, second … attempt that failed; after nearly a day it is given up.
PAUSES = (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 8 * 3600)
# Longer than an attempt can take.
TAKEN = timedelta(seconds=mail_server.SECONDS + 20)
# All are for one server: more would not be quicker.
WORKERS = 2


def send(template: str, message: EmailMessage) -> None:
    """Must run inside the transaction of what the mail tells of. Without a mail server it is printed, here and now."""
    if not settings.EMAIL_URL:
        message.send()
        return
    # All that there is: no template has HTML, an attachment or a copy for others.
    content = {"subject": message.subject, "body": message.body, "from_email": message.from_email, "to": message.to}
    Mail.objects.create(template=template, sealed=sealing.seal(json.dumps(content), PURPOSE))


def message_of(mail: Mail) -> EmailMessage:
    """The same at each attempt: where two arrive, the reader's program knows them for one (RFC 5322 3.6.4)."""
    headers = {
        "Message-ID": f"<{mail.pk}@{settings.PORTAL_HOST}>",
        "Date": format_datetime(mail.created_at),
    }
    return EmailMessage(headers=headers, **json.loads(sealing.unseal(mail.sealed, PURPOSE)))


def deliver_due() -> int:
    return outbox.deliver(Mail.objects.all(), attempt, taken=TAKEN)


def attempt(mail: Mail) -> None:
    try:
        message_of(mail).send()
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with this one, those behind it are sent
        put_off(mail, fault)
    else:
        Mail.objects.filter(pk=mail.pk).delete()


def put_off(mail: Mail, fault: Exception) -> None:
    pause = None if is_final(fault) else outbox.pause_after(mail.attempts, PAUSES)
    # Of a slow attempt: not what a later one, that took the mail over, is at.
    mine = Mail.objects.filter(pk=mail.pk, attempts=mail.attempts)
    if pause:
        log.warning("mail %s, attempt %s: %s: %s", mail, mail.attempts, type(fault).__name__, fault)
        mine.update(next_attempt_at=timezone.now() + pause)
    elif mine.delete()[0]:
        log.error("mail %s is given up, attempt %s: %s: %s", mail, mail.attempts, type(fault).__name__, fault)


def is_final(fault: Exception) -> bool:
    """RFC 5321 4.2.1: after 5yz the client "SHOULD NOT repeat the exact request". Not so where the server refuses us
    (the password, the sender): that is for the operator to mend."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in fault.recipients.values())
    return isinstance(fault, smtplib.SMTPDataError) and fault.smtp_code >= 500


def waiting() -> tuple[int, datetime | None]:
    """How many, and since when the oldest."""
    found = Mail.objects.aggregate(count=Count("pk"), since=Min("created_at"))
    return found["count"], found["since"]
