"""What the store shows: published APIs, found by name or tag; and how one gets there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from store import key_managers, resources
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


def publish(
    *,
    provider: User,
    name: str,
    version: str,
    context: str,
    definition: dict[str, Any],
    production_endpoints: Sequence[str],
    sandbox_endpoints: Sequence[str],
    tags: Sequence[str],
    backend: dict[str, Any] | None = None,
) -> Api:
    """The API as described, published; one of that name and version is brought up to date. `backend`: how the gateway
    treats the backend, as it is when None.

    Its words come from the OpenAPI document, and the key manager is told those in which people are asked to approve.
    """
    api, _ = Api.objects.update_or_create(
        name=name,
        version=version,
        defaults={
            "provider": provider,
            "context": context,
            "description": str(definition.get("info", {}).get("description", "")),
            "status": Api.Status.PUBLISHED,
            "definition": definition,
            "resources": resources.compiled(definition),
            "production_endpoints": list(production_endpoints),
            "sandbox_endpoints": list(sandbox_endpoints),
            "tags": list(tags),
            "changed_at": timezone.now(),
            **({} if backend is None else {"backend": backend}),
        },
    )
    key_managers.current().describe_scopes(api.scopes)
    return api
