from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import people
from accounts.models import User


class Command(BaseCommand):
    help = "Ends every session of a person, who cannot sign in any more; what was issued for them is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--with-applications",
            action="store_true",
            help="Stops the applications of this person, too, for whoever uses them.",
        )
        parser.add_argument("--undo", action="store_true", help="Lets the person in again, and the applications go on.")

    def handle(self, *, username: str, with_applications: bool, undo: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account {username}.")
        self.stdout.write(undone(user) if undo else done(user, with_applications=with_applications))


@transaction.atomic
def done(user: User, *, with_applications: bool) -> str:
    people.shut_out(user)
    if with_applications:
        people.stop_applications(user)
    if user.applications_may_call:
        return f"{user} is shut out; applications of theirs go on (--with-applications stops them)."
    return f"{user} is shut out, and applications of theirs are stopped."


@transaction.atomic
def undone(user: User) -> str:
    were_stopped = not user.applications_may_call
    people.let_in(user)
    people.resume_applications(user)
    return f"{user} may sign in again{', and applications of theirs call' if were_stopped else ''}."
