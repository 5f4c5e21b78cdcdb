"""Adds counted calls to the figures: everything of one piece of a call log in one transaction, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, models, transaction
from django.db.models import Count, F
from django.utils import timezone

from store.usage_models import ApiTotal, DailyUser, HourlyUsage, LogPosition

# How many people of an application have a row of their own on a day, once the day's rows were trimmed.
USERS_KEPT = 200
DIGEST_BYTES = 16
BATCH = 500


class Group(NamedTuple):
    """What calls of one row have in common; the columns of HourlyUsage."""

    hour: datetime
    api: str
    version: str
    resource: str
    method: str
    application_id: str
    client_id: str
    key_type: str
    tier: str
    status: int
    fault_code: int


@dataclass
class Piece:
    """What a piece of a call log says. Figures are in the order of HourlyUsage.COUNTED; users by day, application id
    and subject."""

    figures: dict[Group, list[int]] = field(default_factory=dict)
    users: dict[tuple[date, str, str], int] = field(default_factory=dict)
    calls: int = 0
    unreadable: int = 0


class Place(NamedTuple):
    file: str
    offset: int


class OvertakenError(Exception):
    """Somebody else has counted this piece of the log: nothing was written."""


def place(node: str) -> Place:
    """Where to go on."""
    row = LogPosition.objects.filter(node=node).values_list("file", "offset").first()
    return Place(*row) if row else Place("", 0)


@transaction.atomic
def record(node: str, before: Place, after: Place, piece: Piece, *, behind: int = 0) -> None:
    """Writes the figures of the log between two places. Raises OvertakenError when the first one is not the current."""
    LogPosition.objects.bulk_create([LogPosition(node=node, file="", offset=0)], ignore_conflicts=True)
    claimed = LogPosition.objects.filter(node=node, file=before.file, offset=before.offset).update(
        file=after.file,
        offset=after.offset,
        calls=F("calls") + piece.calls,
        unreadable=F("unreadable") + piece.unreadable,
        behind=behind,
        looked_at=timezone.now(),
    )
    if not claimed:
        raise OvertakenError(node)
    add(HourlyUsage, ((group, figures) for group, figures in piece.figures.items()))
    add(ApiTotal, totals(piece.figures).items())
    add(DailyUser, ((user, [calls]) for user, calls in piece.users.items()))


def looked(node: str) -> None:
    """The counter has found nothing new."""
    LogPosition.objects.filter(node=node).update(looked_at=timezone.now(), behind=0)


def totals(figures: Mapping[Group, Sequence[int]]) -> dict[tuple[str, str, int], list[int]]:
    sums: dict[tuple[str, str, int], list[int]] = {}
    for group, row in figures.items():
        key = (group.api, group.version, group.status)
        sums[key] = [a + b for a, b in zip(sums[key], row, strict=True)] if key in sums else list(row)
    return sums


def add(model: type[models.Model], rows: Iterable[tuple[Sequence[Any], Sequence[int]]]) -> None:
    """Adds to the rows that are there, makes the others. In the order of their ids, so that two who write at once
    wait for each other and not both at the same time."""
    fields: dict[str, models.Field[Any, Any]] = {field.name: field for field in model._meta.concrete_fields}
    counted: Sequence[str] = model.COUNTED  # type: ignore[attr-defined]
    names = ["id", *(name for name in fields if name not in {"id", *counted}), *counted]
    columns = [fields[name] for name in names]
    values = [[prepared(column, value) for column, value in zip(columns, row, strict=True)] for row in merged(rows)]
    with connection.cursor() as cursor:
        for start in range(0, len(values), BATCH):
            batch = values[start : start + BATCH]
            statement = adding(model._meta.db_table, names, counted, len(batch))
            cursor.execute(statement, [value for row in batch for value in row])


def merged(rows: Iterable[tuple[Sequence[Any], Sequence[int]]]) -> list[list[Any]]:
    """A statement must not meet a row twice, and two keys may be the same once they are cleaned."""
    found: dict[str, tuple[Sequence[Any], list[int]]] = {}
    for key, figures in rows:
        row = identity(key)
        before = found[row][1] if row in found else [0] * len(figures)
        found[row] = (key, [a + b for a, b in zip(before, figures, strict=True)])
    return [[row, *key, *figures] for row, (key, figures) in sorted(found.items())]


def adding(table: str, columns: Sequence[str], counted: Sequence[str], rows: int) -> str:
    sums = ", ".join(f'"{name}" = "{table}"."{name}" + EXCLUDED."{name}"' for name in counted)
    into = ", ".join(f'"{name}"' for name in columns)
    row = f"({', '.join(['%s'] * len(columns))})"
    values = ", ".join([row] * rows)
    # The names are those of our own models.
    return f'INSERT INTO "{table}" ({into}) VALUES {values} ON CONFLICT ("id") DO UPDATE SET {sums}'  # noqa: S608


def identity(key: Sequence[Any]) -> str:
    text = "\x1f".join(str(clean(value)) for value in key)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def clean(value: Any) -> Any:
    """No database is bothered with what it cannot keep."""
    return value.encode(errors="replace").decode().replace("\0", "") if isinstance(value, str) else value


def prepared(column: models.Field[Any, Any], value: Any) -> Any:
    if isinstance(value, str):
        value = clean(value)[: column.max_length]
    return column.get_db_prep_save(value, connection)


def trim(today: date | None = None) -> int:
    """Of people with an application on one of the last two days, the less active ones become one row, when there are
    more than twice as many as are kept. Returns how many rows went."""
    today = today or timezone.now().date()
    days = DailyUser.objects.filter(day__gte=today - timedelta(days=1)).values_list("day", "application_id")
    crowded = days.annotate(people=Count("id")).filter(people__gt=2 * USERS_KEPT)
    return sum(trim_day(day, application_id) for day, application_id, _ in list(crowded))


@transaction.atomic
def trim_day(day: date, application_id: str) -> int:
    rows = DailyUser.objects.filter(day=day, application_id=application_id).exclude(subject="")
    locked = rows.select_for_update(of=("self",)).order_by("-calls", "id").values_list("id", "calls")
    rest = list(locked)[USERS_KEPT:]
    for start in range(0, len(rest), BATCH):
        DailyUser.objects.filter(pk__in=[row for row, _ in rest[start : start + BATCH]]).delete()
    add(DailyUser, [((day, application_id, ""), [sum(calls for _, calls in rest)])])
    return len(rest)


def forget(*, days: int) -> int:
    """Deletes hourly and daily figures that are older. Returns how many rows went."""
    until = datetime.now(UTC) - timedelta(days=days)
    hours, _ = HourlyUsage.objects.filter(hour__lt=until).delete()
    people, _ = DailyUser.objects.filter(day__lt=until.date()).delete()
    return hours + people
