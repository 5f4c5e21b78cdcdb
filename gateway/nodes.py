"""The gateways as they tell of themselves: each asks for its state every second, and says what it has."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from store.usage_models import GatewayState, LogPosition

log = logging.getLogger(__name__)

# A question that says nothing new is written down only so often.
WRITTEN_SECONDS = 5.0
# A database that somebody else writes to is not waited for as others would, and not tried again at the next question.
PATIENCE_MILLISECONDS = 200
BUSY_SECONDS = 1.0
AWAY = timedelta(seconds=30)
# A gateway is told a change with one question and says with the next that it has it.
LATE = timedelta(seconds=5)
MOST = 1000

_written: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}
_busy_until = 0.0


def asked(question: dict[str, Any], kind: str, offered: str) -> None:
    """A DiscoveryRequest came and will be answered with the version `offered`. One statement at most; a database that
    is busy must not keep a gateway from its answer, nor the thread that gives it from anybody else."""
    global _busy_until
    node = text(question.get("node", {}).get("id"), 100)
    kind = text(" ".join([kind, *names(question)]), 200)
    version = text(question.get("version_info"), 64)
    told = (version, offered, problem(question))
    if is_written((node, kind), told) or time.monotonic() < _busy_until:
        return
    try:
        with hurried():
            write(node, kind, *told)
    except DatabaseError as error:
        _busy_until = time.monotonic() + BUSY_SECONDS
        log.warning("what %s said was not written down: %s", node, error)
    else:
        remember((node, kind), told)


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


def is_written(key: tuple[str, str], told: tuple[str, ...]) -> bool:
    at, before = _written.get(key, (0.0, ()))
    return before == told and time.monotonic() - at < WRITTEN_SECONDS


def remember(key: tuple[str, str], told: tuple[str, ...]) -> None:
    if len(_written) >= MOST:
        _written.clear()
    _written[key] = (time.monotonic(), told)


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


def write(node: str, kind: str, version: str, offered: str, problem: str) -> None:
    now = timezone.now()
    behind = None if version == offered else now
    changed = GatewayState.objects.filter(node=node, kind=kind).update(
        version=version, offered=offered, problem=problem, seen_at=now, behind_since=since(version, offered, now)
    )
    if not changed:
        row = GatewayState(
            node=node, kind=kind, version=version, offered=offered, problem=problem, seen_at=now, behind_since=behind
        )
        GatewayState.objects.bulk_create([row], ignore_conflicts=True)


def since(version: str, offered: str, now: datetime) -> Any:
    """It stays behind from when it first was."""
    if version == offered:
        return None
    unset = When(Q(behind_since=None), then=Value(now, output_field=models.DateTimeField()))
    return Case(unset, default=F("behind_since"))


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
    """Every gateway that ever asked, by name. Two statements."""
    nodes: dict[str, Node] = {}
    for state in GatewayState.objects.order_by("node", "kind"):
        nodes.setdefault(state.node, Node(state.node)).states.append(state)
    for position in LogPosition.objects.order_by("node"):
        nodes.setdefault(position.node, Node(position.node)).position = position
    return [nodes[name] for name in sorted(nodes)]
