from __future__ import annotations

import re

from django import template

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """The two letters of the mark beside a name: PP for "Photo Printer", AL for "alice"."""
    words = re.findall(r"[^\W_]+", name)
    letters = words[0][0] + words[1][0] if len(words) > 1 else "".join(words)[:2]
    return letters.upper() or "?"
