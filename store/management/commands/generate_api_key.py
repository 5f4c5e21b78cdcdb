"""An API key without a browser. The same form and deed as the page, so the same rules and the same sentences."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from store import api_keys
from store.errors import StoreError
from store.forms.api_keys import DEFAULT_DAYS, EXPIRIES, ApiKeyForm
from store.management.commands.generate_keys import checked
from store.models import Application


class Command(BaseCommand):
    help = "Generates an API key of an application and prints it as JSON, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        days = ", ".join(days for days, _ in EXPIRIES)
        parser.add_argument("--owner", required=True, help="User name of the developer.")
        parser.add_argument("--application", required=True, help="Its name.")
        parser.add_argument("--name", required=True, help="What the key is called, for the developer.")
        parser.add_argument("--key-type", default="PRODUCTION", help="PRODUCTION or SANDBOX.")
        parser.add_argument("--days", default=DEFAULT_DAYS, help=f"When it expires: {days} (0 is never).")

    def handle(self, *args: Any, **options: Any) -> None:
        owned = Application.objects.filter(owner__username=options["owner"], name__iexact=options["application"])
        application = owned.first()
        if application is None:
            raise CommandError(f"{options['owner']} has no application called {options['application']}.")
        data = {"name": options["name"], "key_type": options["key_type"], "expires": options["days"]}
        form = checked(ApiKeyForm(data, application=application))
        try:
            generated = api_keys.generate(application=application, **form.settings)
        except StoreError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(answer(generated), indent=2))


def answer(generated: api_keys.Generated) -> dict[str, Any]:
    row = generated.row
    return {
        "application": row.application.name,
        "apiKey": generated.value,
        "name": row.name,
        "keyType": row.key_type,
        "expiresAt": row.expires_at.isoformat() if row.expires_at else None,
    }
