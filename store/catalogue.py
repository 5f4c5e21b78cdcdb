"""What the store shows: published APIs, found by name or tag. Of all of them only what is searched is read, of those on
a page only what their cards show."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.models import Api


class Entry(NamedTuple):
    id: uuid.UUID
    name: str
    context: str
    tags: list[str]


def entries() -> list[Entry]:
    """One for each published API, by name and version."""
    rows = Api.objects.published().order_by("name", "version")
    return [Entry(*row) for row in rows.values_list(*Entry._fields)]


def search(known: Iterable[Entry], *, words: str = "", tag: str = "") -> list[uuid.UUID]:
    """Those whose name, context or a tag holds `words`, and which carry `tag`; in the order of `known`."""
    return [entry.id for entry in known if matches(entry, words.casefold()) and (not tag or tag in entry.tags)]


def matches(entry: Entry, words: str) -> bool:
    return any(words in text.casefold() for text in (entry.name, entry.context, *entry.tags))


def tags(known: Iterable[Entry]) -> list[str]:
    return sorted({tag for entry in known for tag in entry.tags})


def cards(ids: Sequence[uuid.UUID]) -> list[Api]:
    """By name and version."""
    shown = ("name", "version", "context", "description", "status", "provider__username")
    rows = Api.objects.filter(pk__in=ids).select_related("provider").only(*shown)
    return list(rows.order_by("name", "version"))
