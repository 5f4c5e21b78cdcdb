from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from keymanager import signing, signing_keys
from keymanager.signing_keys import Changes

MEANING = """Every access token and ID token signed with a withdrawn key is dead from now on: clients must get new ones.
Portal processes follow within {portal:.0f} seconds, gateways within 10, caches of the JWKS within {max_age}.
Until a gateway has fetched the new key it refuses the new tokens too."""


class Command(BaseCommand):
    help = "Does what the calendar of the signing keys asks for by now; the portal does the same by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--emergency",
            action="store_true",
            help="A key has leaked: new keys sign at once, all older ones are withdrawn and their tokens are dead.",
        )

    def handle(self, *, emergency: bool, **options: Any) -> None:
        deed = signing_keys.replace_at_once if emergency else signing_keys.rotate
        for algorithm in signing.ALGORITHMS:
            for line in told(deed(algorithm), emergency=emergency):
                self.stdout.write(f"{algorithm}: {line}")
        signing.forget()
        if emergency:
            self.stdout.write(MEANING.format(portal=signing.REFRESH_SECONDS, max_age=signing.max_age()))


def told(changes: Changes, *, emergency: bool) -> list[str]:
    """A line for each thing that was done."""
    lines = [f"{kid} is new and published{' and signs at once' * emergency}." for kid in changes.made]
    lines += [f"{kid} is retired; published until its tokens have expired." for kid in changes.retired]
    lines += [
        f"{kid} is {'withdrawn' if emergency else 'removed: its tokens have expired'}." for kid in changes.removed
    ]
    return lines or ["nothing is due."]
