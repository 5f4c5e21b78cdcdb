from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from gateway import shared_limits, throttling

PAUSE = 0.5  # seconds


class Command(BaseCommand):
    help = "Writes the tiers for a rate-limit service that several Envoys share (its RUNTIME_ROOT)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=Path(settings.GATEWAY_STATE) / "ratelimit")
        parser.add_argument("--follow", action="store_true", help="Go on, and write what changes within a second.")

    def handle(self, *, output: Path, follow: bool, **options: Any) -> None:
        shared_limits.write(output, throttling.tiers())
        self.stdout.write(str(output))
        while follow:
            time.sleep(PAUSE)
            close_old_connections()
            try:
                shared_limits.write(output, throttling.tiers())
            except (DatabaseError, OSError) as error:
                self.stderr.write(f"Nothing is written, the service goes on with what it has: {error}")
