"""The gateways as they tell of themselves: each asks for its state all the time, and says what it has."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from store.usage_models import GatewayState, LogPosition

log = logging.getLogger(__name__)

# A question that says nothing new is written down only so often.
WRITTEN_SECONDS = 5.0
# A database that somebody else writes to is not waited for as others would, and not tried again at the next question.
PATIENCE_MILLISECONDS = 200
BUSY_SECONDS = 1.0
AWAY = timedelta(seconds=30)
# Of gateways that come and go each may have a name of its own.
GONE = timedelta(days=7)
# A gateway is told a change with one question and says with the next that it has it.
LATE = timedelta(seconds=5)
# Rows, of a dozen kinds for each gateway.
MOST = 5000

_written: dict[tuple[str, str], tuple[float, Said]] = {}
_busy_until = 0.0


class Said(NamedTuple):
    """By a gateway of one kind of resources: that it has this `version`. It is answered the one that is `offered`."""

    node: str
    kind: str
    version: str
    offered: str
    problem: str


COLUMNS = (*Said._fields, "seen_at", "behind_since")


def said(question: dict[str, Any], kind: str, offered: str) -> Said:
    node = question.get("node")
    return Said(
        node=text(node.get("id") if isinstance(node, dict) else "", 100),
        kind=text(" ".join([kind, *names(question)]), 200),
        version=text(question.get("version_info"), 64),
        offered=offered,
        problem=problem(question),
    )


def asked(told: Iterable[Said]) -> None:
    """So many DiscoveryRequests came and will be answered. One statement at most, for whom this process knows; a
    database that is busy must not keep a gateway from its answer, nor the thread that gives it from anybody else."""
    global _busy_until
    # A statement must not meet a row twice, and two that write the same rows wait for each other in their order.
    told = due(sorted({(one.node, one.kind): one for one in told}.values()))
    if not told or time.monotonic() < _busy_until:
        return
    try:
        with hurried():
            told = with_room(told)
            write(told)
    except DatabaseError as error:
        _busy_until = time.monotonic() + BUSY_SECONDS
        log.warning("what %s said was not written down: %s", told[0].node, error)
    else:
        remember(told)


def due(told: list[Said]) -> list[Said]:
    """What says something new, and all when it is time for one, so that each has no time of its own."""
    ages = [age(one) for one in told]
    if any(WRITTEN_SECONDS <= seconds < inf for seconds in ages):
        return told
    return [one for one, seconds in zip(told, ages, strict=True) if seconds == inf]


def age(one: Said) -> float:
    """Seconds since just this was written down."""
    at, before = _written.get((one.node, one.kind), (0.0, None))
    return time.monotonic() - at if before == one else inf


def with_room(told: list[Said]) -> list[Said]:
    """Whoever has the key may call itself by any name, and by another one each time: of those that nobody has written
    down before there are so many only. Whoever is there is never forgotten for one that comes."""
    if all((one.node, one.kind) in _written for one in told):
        return told
    known = set(GatewayState.objects.values_list("node", "kind"))
    new = [one for one in told if (one.node, one.kind) not in known]
    room = MOST - len(known)
    if len(new) > room:
        room += forget_away(len(new) - room)
    left_out = frozenset(new[max(room, 0) :])
    return [one for one in told if one not in left_out]


def forget_away(most: int) -> int:
    """Those that have not asked for longest, but none whose calls are counted: a counter needs more than the key. Its
    row stays for ever, so it does not count once it is gone, too."""
    now = timezone.now()
    away = GatewayState.objects.filter(seen_at__lt=now - AWAY).order_by("seen_at")
    counted = LogPosition.objects.filter(looked_at__gte=now - GONE)
    strangers = away.exclude(node__in=counted.values("node"))
    return GatewayState.objects.filter(pk__in=strangers.values("pk")[:most]).delete()[0]


@contextmanager
def hurried() -> Iterator[None]:
    """SQLite waits for the lock of another writer as long as a connection says; one of PostgreSQL's locks a row."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    wait = connection.connection.execute
    wait(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
    try:
        yield
    finally:
        wait(f"PRAGMA busy_timeout = {settings.DATABASES['default']['OPTIONS']['timeout'] * 1000}")


def names(question: dict[str, Any]) -> list[str]:
    found = question.get("resource_names")
    return [str(name) for name in found] if isinstance(found, list) else []


def remember(told: list[Said]) -> None:
    if len(_written) >= MOST:
        _written.clear()
    now = time.monotonic()
    _written.update({(one.node, one.kind): (now, one) for one in told})


def forget() -> None:
    global _busy_until
    _written.clear()
    _busy_until = 0.0


def text(value: Any, length: int) -> str:
    return str(value or "").encode(errors="replace").decode().replace("\0", "")[:length]


def problem(question: dict[str, Any]) -> str:
    """Why a gateway has refused what it was answered before (DiscoveryRequest.error_detail)."""
    detail = question.get("error_detail")
    return text(detail.get("message"), 500) if isinstance(detail, dict) else ""


def write(told: Sequence[Said]) -> None:
    if not told:
        return
    at = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [value for one in told for value in (*one, at, None if one.version == one.offered else at)]
    with connection.cursor() as cursor:
        cursor.execute(writing(len(told)), values)


def writing(rows: int) -> str:
    table = GatewayState._meta.db_table
    into = ", ".join(COLUMNS)
    values = ", ".join([f"({', '.join(['%s'] * len(COLUMNS))})"] * rows)
    # It stays behind from when it first was.
    since = f"COALESCE({table}.behind_since, EXCLUDED.behind_since)"
    told = {name: f"EXCLUDED.{name}" for name in COLUMNS[2:]}
    told["behind_since"] = f"CASE WHEN EXCLUDED.behind_since IS NOT NULL THEN {since} END"
    changed = ", ".join(f"{name} = {value}" for name, value in told.items())
    # The names are those of our own model.
    return f"INSERT INTO {table} ({into}) VALUES {values} ON CONFLICT (node, kind) DO UPDATE SET {changed}"  # noqa: S608


@dataclass
class Node:
    name: str
    states: list[GatewayState] = field(default_factory=list)
    position: LogPosition | None = None

    @property
    def seen_at(self) -> datetime | None:
        return max((state.seen_at for state in self.states), default=None)

    @property
    def version(self) -> str:
        """Of its state as a whole: two gateways that show the same one serve the same."""
        told = "\n".join(f"{state.kind} {state.version}" for state in self.states)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def is_away(self) -> bool:
        return self.seen_at is None or timezone.now() - self.seen_at > AWAY

    @property
    def is_gone(self) -> bool:
        """Neither asks any more, nor has its calls counted."""
        looked_at = self.position.looked_at if self.position else None
        return all(at is None or timezone.now() - at > GONE for at in (self.seen_at, looked_at))

    @property
    def lag(self) -> float:
        """Seconds for which it has had an older state than it was offered; 0: it has the newest."""
        return max((behind(state) for state in self.states), default=0.0)

    @property
    def is_late(self) -> bool:
        return self.lag > LATE.total_seconds()

    @property
    def is_refusing(self) -> bool:
        return any(state.problem and state.version != state.offered for state in self.states)

    @property
    def problems(self) -> list[str]:
        return [f"{state.kind}: {state.problem}" for state in self.states if state.problem]

    @property
    def counted_seconds_ago(self) -> float | None:
        """Since the counter last looked at its calls; None: nobody counts them."""
        return (timezone.now() - self.position.looked_at).total_seconds() if self.position else None

    @property
    def is_counted(self) -> bool:
        ago = self.counted_seconds_ago
        return ago is not None and ago < AWAY.total_seconds()


def behind(state: GatewayState) -> float:
    return (timezone.now() - state.behind_since).total_seconds() if state.behind_since else 0.0


def all_nodes() -> list[Node]:
    """Every gateway that is not gone, by name. Two statements."""
    nodes: dict[str, Node] = {}
    for state in GatewayState.objects.order_by("node", "kind"):
        nodes.setdefault(state.node, Node(state.node)).states.append(state)
    for position in LogPosition.objects.order_by("node"):
        nodes.setdefault(position.node, Node(position.node)).position = position
    return [nodes[name] for name in sorted(nodes) if not nodes[name].is_gone]
