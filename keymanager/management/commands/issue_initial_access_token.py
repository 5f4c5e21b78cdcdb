from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from keymanager import checksums, client_descriptions, grants
from keymanager.models import Scope
from keymanager.registration_models import InitialAccessToken


class Command(BaseCommand):
    help = "Prints a token with which clients can be registered at /oauth2/register (RFC 7591); it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--note", required=True, help="For whom it is.")
        parser.add_argument("--uses", type=int, default=1, help="How many clients it may register (1).")
        parser.add_argument("--days", type=int, default=7, help="How long it is good (7).")
        parser.add_argument("--grant-type", action="append", default=[], help="That its clients may have; repeatable.")
        parser.add_argument("--scope", action="append", default=[], help="That its clients may have; repeatable.")

    def handle(self, *, note: str, uses: int, days: int, **options: Any) -> None:
        if not 0 < uses <= 100_000 or not 0 < days <= 3650:
            raise CommandError("--uses is from 1 to 100000, --days from 1 to 3650.")
        unknown = set(options["grant_type"]) - {*grants.EXCHANGES, "implicit"}
        if unknown:
            raise CommandError(f"There is no grant type {min(unknown)}.")
        token = checksums.random_value()
        InitialAccessToken.objects.create(
            checksum=checksums.checksum(token, checksums.INITIAL_ACCESS_TOKEN),
            note=note,
            uses_left=uses,
            expires_at=timezone.now() + timedelta(days=days),
            grant_types=options["grant_type"] or list(client_descriptions.OPEN_GRANT_TYPES),
            scopes=options["scope"] or list(Scope.objects.values_list("name", flat=True)),
        )
        self.stdout.write(token)
