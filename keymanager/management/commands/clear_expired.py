"""`manage.py clear_expired`: for a timer; safe to run at any time, twice at once, and to break off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from keymanager import expiry


class Command(BaseCommand):
    help = "Deletes expired codes, tokens, consent requests and revocations, in batches."

    def handle(self, *args: Any, **options: Any) -> None:
        total = expiry.clear(lambda name, count: self.stdout.write(f"{name}: {count}"))
        self.stdout.write(f"{total} rows deleted.")
