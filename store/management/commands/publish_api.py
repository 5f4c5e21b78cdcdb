"""An API without a browser. The same form and deeds as the pages, so the same rules and the same sentences."""

from __future__ import annotations

import json
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from store import documents, publishing
from store.errors import StoreError
from store.forms.publishing import ApiForm, said_by, typed
from store.models import Api

# Options by the names of the form's fields.
SAME = ("name", "context", "tier", "subscriptionless_tier", "tags", "health_path", "authorization", "assertion")
RENAMED = {"version": "api_version", "is_default_version": "default_version"}
LISTS = ("production_endpoint", "sandbox_endpoint", "cors_origin")


class Command(BaseCommand):
    help = (
        "Publishes an API from an OpenAPI 3 document, or brings the one of that name and version up to date: of that, "
        "what no option names stays as it is, --tags '' empties, --no-assertion takes back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("document", help="File or https address of the OpenAPI document.")
        parser.add_argument("--provider", required=True, help="User name of whose API it is, or who runs the portal.")
        parser.add_argument("--context", help="/photos")
        parser.add_argument("--name", help="By default the title of the document.")
        parser.add_argument("--api-version", help="By default that of the document.")
        parser.add_argument("--production-endpoint", action="append", help="May be repeated.")
        parser.add_argument("--sandbox-endpoint", action="append", help="May be repeated.")
        parser.add_argument("--tier", help="Of all resources together.")
        parser.add_argument("--subscriptionless-tier", help="Asks no subscription of approved clients.")
        parser.add_argument("--tags", help="With commas between them.")
        parser.add_argument("--health-path", help="Asked every five seconds.")
        parser.add_argument("--cors-origin", action="append", help="May be repeated; * for all.")
        switch: dict[str, Any] = {"action": BooleanOptionalAction, "default": None}
        parser.add_argument("--authorization", **switch, help="The backend gets the access token.")
        parser.add_argument("--assertion", **switch, help="The backend gets X-JWT-Assertion.")
        parser.add_argument("--default-version", **switch, help="Also served without the version in its path.")
        parser.add_argument("--step", help="A step of the life cycle to take instead, such as Block or Deprecate.")

    def handle(self, *args: Any, **options: Any) -> None:
        provider = User.objects.filter(username=options["provider"]).first()
        if provider is None:
            raise CommandError(f"There is no user {options['provider']}.")
        try:
            api = done(provider, said_in(options), options["step"])
        except StoreError as error:
            raise CommandError(str(error)) from error
        told = {"id": str(api.pk), "name": api.name, "version": api.version, "path": api.path, "status": api.status}
        self.stdout.write(json.dumps(told, indent=2))


def said_in(options: dict[str, Any]) -> dict[str, Any]:
    """The form as far as it was typed."""
    lists = {f"{name}s": "\n".join(options[name]) for name in LISTS if options[name] is not None}
    fields = {**{name: name for name in SAME}, **RENAMED}
    said = {field: options[name] for field, name in fields.items() if options[name] is not None}
    return {**said, **lists, "document": text_of(options["document"])}


def text_of(document: str) -> str:
    if document.startswith(("https://", "http://")):
        return documents.fetch(document)
    try:
        return documents.decoded(Path(document).read_bytes())
    except OSError as error:
        raise CommandError(f"The document {document} cannot be read: {error}") from None


def done(provider: User, said: dict[str, Any], step: str | None) -> Api:
    by_itself = said_by(documents.read(said["document"]).definition)
    name, version = (said.get(field) or by_itself[field] for field in ("name", "version"))
    api = publishing.known(provider=provider, name=name, version=version)
    if not step:
        return published(provider, said, api)
    if api is None:
        raise CommandError(f"There is no API {name} {version}.")
    return publishing.lead(api=api, step=step)


def published(provider: User, said: dict[str, Any], api: Api | None) -> Api:
    form = ApiForm({**(typed(api) if api else {}), **said}, api=api)
    if not form.is_valid() or form.read is None:
        raise CommandError("\n".join(str(message) for messages in form.errors.values() for message in messages))
    return publishing.publish(provider=provider, document=form.read, description=form.described)
