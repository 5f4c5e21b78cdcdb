"""Blocking conditions: what every gateway refuses until somebody lifts it, and how a gateway is told."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from django.db import IntegrityError, transaction

from store import key_managers
from store.errors import StoreError
from store.models import Application, BlockingCondition

Kind = BlockingCondition.Kind


class AlreadyBlockedError(StoreError):
    def __init__(self, kind: str) -> None:
        super().__init__(f"There is a condition for this {Kind(kind).label.lower()} already. Switch it on in the list.")


class Blocked(NamedTuple):
    """All that is blocked now, in a fixed order: networks with their length, contexts, subjects as tokens have them,
    ids of applications."""

    networks: tuple[str, ...]
    contexts: tuple[str, ...]
    subjects: tuple[str, ...]
    applications: tuple[str, ...]


class Shown(NamedTuple):
    """`what` it blocks, in words: of an application its owner and name."""

    condition: BlockingCondition
    what: str


def block(*, kind: str, value: str) -> BlockingCondition:
    """`value` as the form has read it (store/forms/throttling.py). AlreadyBlockedError."""
    try:
        with transaction.atomic():
            return BlockingCondition.objects.create(kind=kind, value=value)
    except IntegrityError as error:
        raise AlreadyBlockedError(kind) from error


def switch(*, condition: BlockingCondition, enabled: bool) -> None:
    condition.is_enabled = enabled
    condition.save(update_fields=["is_enabled"])


def lift(*, condition: BlockingCondition) -> None:
    condition.delete()


def shown() -> list[Shown]:
    """Every condition, the newest first. Two statements."""
    conditions = list(BlockingCondition.objects.order_by("-created_at", "value"))
    ids = [uuid.UUID(condition.value) for condition in conditions if condition.kind == Kind.APPLICATION]
    rows = Application.objects.filter(pk__in=ids).values_list("pk", "owner__username", "name") if ids else []
    names = {str(pk): f"{owner}:{name}" for pk, owner, name in rows}
    return [Shown(condition, what(condition, names)) for condition in conditions]


def what(condition: BlockingCondition, names: dict[str, str]) -> str:
    if condition.kind == Kind.APPLICATION:
        return names.get(condition.value, "an application that was removed")
    return condition.value


def blocked() -> Blocked:
    """One statement, and those of the key manager where people are blocked."""
    rows = BlockingCondition.objects.filter(is_enabled=True).order_by("kind", "value").values_list("kind", "value")
    values: dict[str, list[str]] = {}
    for kind, value in rows:
        values.setdefault(kind, []).append(value)
    people = values.get(Kind.USER, [])
    return Blocked(
        networks=tuple(values.get(Kind.ADDRESS, [])),
        contexts=tuple(values.get(Kind.API, [])),
        subjects=tuple(sorted(key_managers.current().subjects(people))) if people else (),
        applications=tuple(values.get(Kind.APPLICATION, [])),
    )
