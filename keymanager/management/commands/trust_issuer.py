"""`manage.py trust_issuer`: who may vouch for people by assertions (RFC 7523)."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from keymanager import trusted_issuers
from keymanager.assertion_models import TrustedIssuer
from keymanager.models import Client


class Command(BaseCommand):
    help = "Lets clients use signed assertions of an issuer as people's authorizations; run again, it replaces."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("issuer", help="The `iss` of its assertions.")
        keys = parser.add_mutually_exclusive_group(required=True)
        keys.add_argument("--jwks", type=Path, help="A file with its public keys.")
        keys.add_argument("--jwks-uri", default="", help="Where its public keys are published.")
        keys.add_argument("--remove", action="store_true", help="Trust it no more.")
        parser.add_argument("--client", action="append", default=[], help="A client_id that may use its assertions.")
        parser.add_argument("--user-claim", default="sub", help="The claim that tells the person.")
        parser.add_argument("--longest", type=int, default=3600, help="Seconds an assertion may be good for.")
        parser.add_argument("--linked", action="store_true", help="People are those linked to it by --link.")
        parser.add_argument("--link", action="append", default=[], metavar="SUBJECT=USERNAME")

    def handle(self, *, issuer: str, remove: bool, **options: Any) -> None:
        if remove:
            count, _ = TrustedIssuer.objects.filter(issuer=issuer).delete()
            self.stdout.write("Removed." if count else "It was not trusted.")
            return
        links = [linked(pair) for pair in options["link"]]
        try:
            row = trusted_issuers.trust(issuer=issuer, clients=named(options["client"]), **fields(options))
        except ValidationError as fault:
            raise CommandError(" ".join(fault.messages)) from None
        for subject, user in links:
            trusted_issuers.link(row, subject=subject, user=user)
        self.stdout.write(f"{issuer} is trusted by {row.clients.count()} clients.")


def fields(options: dict[str, Any]) -> dict[str, Any]:
    accounts = TrustedIssuer.Accounts.LINKED if options["linked"] or options["link"] else TrustedIssuer.Accounts.SUBJECT
    return {
        "jwks": key_set(options["jwks"]) if options["jwks"] else None,
        "jwks_uri": options["jwks_uri"],
        "user_claim": options["user_claim"],
        "longest_lifetime": options["longest"],
        "accounts": accounts,
    }


def key_set(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as fault:
        raise CommandError(f"{path} cannot be read: {fault}") from None


def named(client_ids: list[str]) -> list[Client]:
    found = list(Client.objects.filter(client_id__in=client_ids))
    if missing := set(client_ids) - {client.client_id for client in found}:
        raise CommandError(f"No such client: {', '.join(sorted(missing))}")
    return found


def linked(pair: str) -> tuple[str, User]:
    subject, _, username = pair.rpartition("=")
    if not subject:
        raise CommandError(f"Write --link SUBJECT=USERNAME, not {pair}.")
    return subject, account(username)


def account(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"No such account: {username}")
    return user
