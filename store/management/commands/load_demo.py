"""Fills a demo: its people, and the sample API. `manage.py load_demo` twice is once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import PersonalDetails, User
from store import documents, publishing
from store.backends import Backend
from store.documents import Document
from store.errors import StoreError
from store.models import Api
from store.publishing import Description

# Name, first name, last name; the password is the name. Everybody who reads the README knows them.
PEOPLE = (
    ("admin", "Ada", "Admin"),
    ("alice", "Alice", "Archer"),
    ("bob", "Bob", "Baker"),
    ("charlie", "Charlie", "Cooper"),
)
# What end users tell of themselves, so that every standard claim (OpenID Connect Core 5.1) can be tried.
DETAILS: dict[str, dict[str, str]] = {
    "bob": {
        "middle_name": "Benjamin",
        "nickname": "Bobby",
        "profile": "https://example.com/people/bob",
        "picture": "https://example.com/people/bob.png",
        "website": "https://bob.example.com/",
        "gender": "male",
        "birthdate": "1985-07-14",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "phone_number": "+442079460123",
        "street_address": "12 Crust Lane",
        "locality": "Breadwell",
        "region": "Somerset",
        "postal_code": "BA1 0AA",
        "country": "United Kingdom",
    },
}


class Command(BaseCommand):
    help = "Creates the demo accounts and publishes the sample API PhotoShare (demo mode only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = settings.BASE_DIR / "photos" / "openapi.json"
        parser.add_argument("--definition", type=Path, default=default, help="OpenAPI document of PhotoShare.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo accounts exist in demo mode only: their passwords are in the README.")
        mark_state_folder()
        document = read(options["definition"])
        made = [name for name, first, last in PEOPLE if make_person(name, first, last)]
        api = publish(document)
        self.stdout.write(f"{api} is published; accounts made: {', '.join(made) or 'none, they were there'}.")


def mark_state_folder() -> None:
    """From here on manage.py runs its commands on this state in demo mode without being told."""
    settings.VAR.mkdir(parents=True, exist_ok=True)
    (settings.VAR / "demo").touch()


def read(path: Path) -> Document:
    try:
        return documents.read(path.read_text())
    except (OSError, ValueError, StoreError) as error:
        raise CommandError(f"The OpenAPI document {path} cannot be read: {error}") from error


def publish(document: Document) -> Api:
    description = Description(
        name="PhotoShare",
        version="1.0",
        context="/photos",
        production_endpoints=[settings.PHOTOS_URL],
        sandbox_endpoints=[settings.PHOTOS_URL],
        tags=["photos", "sample"],
        # It verifies who calls from the signed token itself.
        backend=Backend(authorization=True),
    )
    provider = User.objects.get(username="admin")
    try:
        return publishing.publish(provider=provider, document=document, description=description)
    except StoreError as error:
        raise CommandError(f"PhotoShare cannot be published: {error}") from error


def make_person(name: str, first: str, last: str) -> bool:
    """An account whose password is its name, unless there is one of that name, which is left as it is."""
    if User.objects.filter(username=name).exists():
        return False
    staff = name == "admin"
    person = User.objects.create_user(
        name,
        f"{name}@example.com",
        name,
        first_name=first,
        last_name=last,
        is_demo=True,
        is_staff=staff,
        is_superuser=staff,
    )
    if name in DETAILS:
        PersonalDetails.objects.create(user=person, **DETAILS[name])
    return True
