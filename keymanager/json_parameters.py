"""JSON that arrives as the value of a parameter (OpenID Connect Core 5.5, RFC 9396 2)."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 20_000


class Ambiguous(ValueError):
    """Two readers could read it in two ways."""


def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object, each once: RFC 8259 4, "the behavior of software that receives such an object is
    unpredictable"; RFC 7515 4 and RFC 7519 4 forbid it."""
    found = dict(members)
    if len(found) != len(members):
        raise Ambiguous("a member comes twice")
    return found


def parsed(text: str, *, longest: int = LONGEST) -> Any:
    """The value; ValueError for what is no JSON (RFC 8259), names a member twice, is too long or too deep, or holds
    what no database keeps: a NUL, half a character, a number beyond all bounds."""
    if len(text) > longest:
        raise ValueError("too long")
    try:
        value = json.loads(text, object_pairs_hook=once)
        again = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("too deep") from None
    again.encode()  # UnicodeEncodeError is a ValueError
    if "\\u0000" in again:
        raise ValueError("NUL")
    return value
