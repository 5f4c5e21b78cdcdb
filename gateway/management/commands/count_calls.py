"""`manage.py count_calls`: runs beside each Envoy, on the same machine; may be killed at any time."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gateway import usage


class Command(BaseCommand):
    help = "Counts the calls that an Envoy has logged, until it is ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--node-id", default="gateway", help="The name that the Envoy's bootstrap file has.")
        parser.add_argument("--once", action="store_true", help="Count what is there now, then end.")

    def handle(self, *, node_id: str, once: bool, **options: Any) -> None:
        if once:
            counter = usage.Counter(node_id)
            while counter.step():
                pass
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        usage.work(node_id, stop)
