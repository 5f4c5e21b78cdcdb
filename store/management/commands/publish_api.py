"""An API without a browser. The same form and deeds as the pages, so the same rules and the same sentences."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from store import documents, publishing
from store.errors import StoreError
from store.forms.publishing import ApiForm
from store.models import Api

SAME = ("name", "context", "tier", "subscriptionless_tier", "tags", "health_path")
LISTS = ("production_endpoint", "sandbox_endpoint", "cors_origin")


class Command(BaseCommand):
    help = "Publishes an API from an OpenAPI 3 document, or brings the one of that name and version up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("document", help="File or https address of the OpenAPI document.")
        parser.add_argument("--provider", required=True, help="User name of whose API it is.")
        parser.add_argument("--context", default="", help="/photos")
        parser.add_argument("--name", default="", help="By default the title of the document.")
        parser.add_argument("--api-version", default="", help="By default that of the document.")
        parser.add_argument("--production-endpoint", action="append", default=[], help="May be repeated.")
        parser.add_argument("--sandbox-endpoint", action="append", default=[], help="May be repeated.")
        parser.add_argument("--tier", default="", help="Of all resources together.")
        parser.add_argument("--subscriptionless-tier", default="", help="Asks no subscription of approved clients.")
        parser.add_argument("--tags", default="", help="With commas between them.")
        parser.add_argument("--health-path", default="", help="Asked every five seconds.")
        parser.add_argument("--cors-origin", action="append", default=[], help="May be repeated; * for all.")
        parser.add_argument("--authorization", action="store_true", help="The backend gets the access token.")
        parser.add_argument("--assertion", action="store_true", help="The backend gets X-JWT-Assertion.")
        parser.add_argument("--default-version", action="store_true")
        parser.add_argument("--step", help="A step of the life cycle to take instead, such as Block or Deprecate.")

    def handle(self, *args: Any, **options: Any) -> None:
        provider = User.objects.filter(username=options["provider"]).first()
        if provider is None:
            raise CommandError(f"There is no user {options['provider']}.")
        form = ApiForm(data_of(options))
        if not form.is_valid():
            raise CommandError("\n".join(str(message) for messages in form.errors.values() for message in messages))
        try:
            api = publish(provider, form, options["step"])
        except StoreError as error:
            raise CommandError(str(error)) from error
        told = {"id": str(api.pk), "name": api.name, "version": api.version, "path": api.path, "status": api.status}
        self.stdout.write(json.dumps(told, indent=2))


def data_of(options: dict[str, Any]) -> dict[str, Any]:
    data = {name: options[name] for name in (*SAME, "authorization", "assertion")}
    data |= {f"{name}s": "\n".join(options[name]) for name in LISTS}
    data |= {"version": options["api_version"], "is_default_version": options["default_version"]}
    if options["document"].startswith(("https://", "http://")):
        return {**data, "document_url": options["document"]}
    try:
        return {**data, "document": documents.decoded(Path(options["document"]).read_bytes())}
    except OSError as error:
        raise CommandError(f"The document {options['document']} cannot be read: {error}") from None
    except StoreError as error:
        raise CommandError(str(error)) from None


def publish(provider: User, form: ApiForm, step: str | None) -> Api:
    if form.read is not None and not step:
        return publishing.publish(provider=provider, document=form.read, description=form.described)
    named = {name: form.cleaned_data[name] for name in ("name", "version")}
    api = Api.objects.filter(**named).first()
    if api is None:
        raise CommandError(f"There is no API {named['name']} {named['version']}.")
    return publishing.lead(api=api, step=step or "")
