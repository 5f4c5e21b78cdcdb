"""What the counter asks the store about and remembers for a minute: resources of APIs, tiers of subscriptions."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from django.db.models import QuerySet

from gateway.apis import specificity
from store import definitions
from store.models import Api, Subscription

REMEMBERED_SECONDS = 60.0
MOST = 50_000
NONE = "/*"
T = TypeVar("T")


class Template(NamedTuple):
    text: str
    pattern: re.Pattern[str]


class Remembered(Generic[T]):
    """Answers by key, for a minute each."""

    def __init__(self, ask: Callable[[str], T]) -> None:
        self.ask = ask
        self.answers: dict[str, tuple[float, T]] = {}

    def get(self, key: str) -> T:
        now = time.monotonic()
        held = self.answers.get(key)
        if held is None or now - held[0] > REMEMBERED_SECONDS:
            if len(self.answers) >= MOST:
                self.answers.clear()
            held = self.answers[key] = (now, self.ask(key))
        return held[1]


class StoreFacts:
    def __init__(self) -> None:
        self.apis = Remembered(templates)
        self.tiers = Remembered(tier)

    def resource(self, api: str, path: str) -> str:
        path = path or "/"
        found = self.apis.get(api)
        return next((template.text for template in found if template.pattern.fullmatch(path)), NONE)

    def tier(self, application_id: str, api: str) -> str:
        return self.tiers.get(f"{application_id} {api}")


def templates(api: str) -> list[Template]:
    """Of the API at this path (/photos/1.0); the first that fits is the one that was called."""
    context, _, version = api.rpartition("/")
    row = Api.objects.filter(context=context, version=version).values_list("definition", flat=True).first()
    paths = {operation.path for operation in definitions.operations(row or {})}
    return [Template(path, pattern(path)) for path in sorted(paths, key=specificity)]


def pattern(path: str) -> re.Pattern[str]:
    """/albums/{id} -> one step of a path; /files/* -> everything below."""
    parts = re.split(r"(\{[^}]*\}|\*)", path)
    kinds = {"{": "[^/]+", "*": ".*"}
    return re.compile("".join(kinds.get(part[:1], re.escape(part)) for part in parts))


def tier(key: str) -> str:
    """`key`: an application's id, empty for a client that is of none, and an API's path. Without a subscription it is
    the one that the API has for that; empty where it has none."""
    application_id, _, api = key.partition(" ")
    context, _, version = api.rpartition("/")
    apis = Api.objects.filter(context=context, version=version)
    return subscribed(application_id, apis) or apis.values_list("subscriptionless_tier", flat=True).first() or ""


def subscribed(application_id: str, apis: QuerySet[Api]) -> str | None:
    try:
        rows = Subscription.objects.filter(application_id=uuid.UUID(application_id), api__in=apis)
    except ValueError:
        return None
    return rows.values_list("policy__name", flat=True).first()
