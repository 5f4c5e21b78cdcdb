"""What the store shows: published APIs, found by name or tag."""

from __future__ import annotations

from store.models import Api


def search(*, words: str = "", tag: str = "") -> list[Api]:
    """Published APIs whose name, context or a tag holds `words`, and which carry `tag`; by name and version."""
    apis = Api.objects.published().select_related("provider").defer("definition").order_by("name", "version")
    return [api for api in apis if matches(api, words.casefold()) and (not tag or tag in api.tags)]


def matches(api: Api, words: str) -> bool:
    return any(words in text.casefold() for text in (api.name, api.context, *api.tags))


def tags() -> list[str]:
    rows = Api.objects.published().values_list("tags", flat=True)
    return sorted({tag for row in rows for tag in row})
