"""JSON that arrives as the value of a parameter (OpenID Connect Core 5.5, RFC 9396 2)."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 20_000


def parsed(text: str) -> Any:
    """The value; ValueError for what is no JSON (RFC 8259), is too long or too deep, or holds what no database keeps: a
    NUL, half a character, a number beyond all bounds."""
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        value = json.loads(text)
        again = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("too deep") from None
    again.encode()  # UnicodeEncodeError is a ValueError
    if "\\u0000" in again:
        raise ValueError("NUL")
    return value
