"""What an application or an API may be called. The form, the command and the REST API ask here."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

MAX_LENGTH, MAX_API_LENGTH = 70, 100
REFUSED = frozenset("<>\"'&`\\/")
ALLOWED = "letters, digits, spaces and marks such as - _ . , : ( ) + #"


def validate_application_name(name: str) -> None:
    if len(name) > MAX_LENGTH:
        raise ValidationError(f"A name has at most {MAX_LENGTH} characters; this one has {len(name)}.", code="long")
    if found := next((character for character in name if is_refused(character)), None):
        shown = f"The character {found}" if found in REFUSED else "A character that cannot be seen"
        raise ValidationError(f"{shown} cannot be in a name. Use {ALLOWED}.", code="characters")


def validate_api_name(name: str) -> None:
    """ValueError: an API is found in the store by its name, and a document is downloaded under it."""
    if not name.strip() or len(name) > MAX_API_LENGTH or any(map(is_refused, name)):
        raise ValueError(f"An API has a name of at most {MAX_API_LENGTH} characters: {ALLOWED}.")


def is_refused(character: str) -> bool:
    """Markup, quotes and slashes, and everything that cannot be seen (Unicode's categories C: control, format, …)."""
    return character in REFUSED or unicodedata.category(character).startswith("C")
