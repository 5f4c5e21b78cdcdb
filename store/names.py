"""What an application or an API may be called. The form, the command and the REST API ask here."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError

MAX_LENGTH, MAX_API_LENGTH = 70, 100
REFUSED = frozenset("<>\"'&`\\/")
# Letters and signs that are drawn as nothing: fillers of Hangul, Khmer's inherent vowels, a blank of Braille, a joiner.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
ALLOWED = "letters, digits, spaces and marks such as - _ . , : ( ) + #"
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def validate_application_name(name: str) -> None:
    if len(name) > MAX_LENGTH:
        raise ValidationError(f"A name has at most {MAX_LENGTH} characters; this one has {len(name)}.", code="long")
    if found := next((character for character in name if is_refused(character)), None):
        shown = f"The character {found}" if found in REFUSED else "A character that cannot be seen"
        raise ValidationError(f"{shown} cannot be in a name. Use {ALLOWED}.", code="characters")
    if not is_readable(name):
        raise ValidationError(f"A name needs a letter or a digit, and no pile of accents. Use {ALLOWED}.", code="blank")


def validate_api_name(name: str) -> None:
    """ValueError: an API is found in the store by its name, and a document is downloaded under it."""
    if not name.strip() or len(name) > MAX_API_LENGTH or any(map(is_refused, name)) or not is_readable(name):
        raise ValueError(f"An API has a name of at most {MAX_API_LENGTH} characters: {ALLOWED}.")


def is_refused(character: str) -> bool:
    """Markup, quotes and slashes, and everything that cannot be seen: Unicode's categories C (control, format, …), what
    ends lines, and what is blank."""
    return character in REFUSED | BLANK or unicodedata.category(character) in UNSEEN


def is_readable(name: str) -> bool:
    """Who is asked to approve must know an application by something; a pile of accents covers what stands above it."""
    kinds = "".join(unicodedata.category(character)[0] for character in name)
    return re.search("[LN]", kinds) is not None and "MMMMM" not in kinds
