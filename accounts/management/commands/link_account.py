from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from accounts.models import LinkedAccount, User


class Command(BaseCommand):
    help = "Gives a local account to somebody who signs in on another server (docs/sign-in-elsewhere.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Of the local account.")
        parser.add_argument("subject", help="What the other server's tokens have as `sub` for this person.")
        parser.add_argument("--issuer", default=settings.AUTHENTICATION_ISSUER, help="APIM_AUTHENTICATION_ISSUER.")

    def handle(self, *, username: str, subject: str, issuer: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account {username}.")
        if not issuer or not subject:
            raise CommandError("Name the issuer (--issuer) and the subject.")
        try:
            with transaction.atomic():
                LinkedAccount.objects.create(user=user, issuer=issuer, subject=subject)
        except IntegrityError:
            raise CommandError(f"{subject} of {issuer} has an account here already.") from None
        self.stdout.write(f"{subject} of {issuer} is {username} from now on.")
