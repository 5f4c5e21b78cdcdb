"""`manage.py deliver_logouts`: runs beside the portal; several at once share the work, and any may be killed."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import outbox
from keymanager import logout_notices


class Command(BaseCommand):
    help = "Tells clients of sign-outs (OpenID Connect Back-Channel Logout), until it is ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Attempt what is due now, then end.")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            self.stdout.write(f"{logout_notices.deliver_due()} attempts.")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        # Daemons: what is cut short is delivered again.
        for _ in range(logout_notices.WORKERS):
            threading.Thread(target=outbox.work, args=(stop, logout_notices.deliver_due), daemon=True).start()
        stop.wait()
