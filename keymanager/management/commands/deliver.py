"""`manage.py deliver`: runs beside the portal; several at once share the work, and any may be killed."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import mails, outbox
from keymanager import logout_notices

OUTBOXES = (mails, logout_notices)


class Command(BaseCommand):
    help = "Sends mails, and tells clients of sign-outs (OpenID Connect Back-Channel Logout), until it is ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Attempt what is due now, then end.")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            self.stdout.write(f"{sum(box.deliver_due() for box in OUTBOXES)} attempts.")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        # Daemons: what is cut short is delivered again.
        for box in OUTBOXES:
            for _ in range(box.WORKERS):
                threading.Thread(target=outbox.work, args=(stop, box.deliver_due), daemon=True).start()
        stop.wait()
