from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import people
from accounts.models import User


class Command(BaseCommand):
    help = "Ends every session of a person, who cannot sign in any more; what was issued for them is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--undo", action="store_true", help="Lets the person in again.")

    def handle(self, *, username: str, undo: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account {username}.")
        (people.let_in if undo else people.shut_out)(user)
        self.stdout.write(f"{username} may sign in again." if undo else f"{username} is shut out.")
