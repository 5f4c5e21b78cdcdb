"""What the figures say about the applications of one developer, in the blocks of WSO2's store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from store import api_keys
from store.models import Application
from store.usage_models import DailyUser, HourlyUsage

# WSO2's date controls. Hours and days are counted as a whole (UTC), so a period begins with the one it falls into.
PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=28)}
TOP_USERS = 10


@dataclass(frozen=True, kw_only=True)
class ApiUsage:
    application: Application
    api: str
    version: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class TopUser:
    application: Application
    user: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class ResourceUsage:
    application: Application
    api: str
    version: str
    method: str
    resource: str
    calls: int
    milliseconds: int
    """How long a call took on average."""


@dataclass(frozen=True, kw_only=True)
class Faulty:
    application: Application
    api: str
    version: str
    status: int
    fault_code: int
    """0: the backend's own answer."""
    calls: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    since: datetime
    applications: list[Application]
    per_application: list[ApiUsage]
    top_users: list[TopUser]
    resources: list[ResourceUsage]
    faulty: list[Faulty]


def usage(*, owner: User, period: str) -> Usage:
    """Of the owner's applications and of nobody else's. Most calls first; `period`: one of PERIODS."""
    since = beginning(timezone.now() - PERIODS[period])
    owned = {str(application.pk): application for application in Application.objects.owned_by(owner).order_by("name")}
    calls = HourlyUsage.objects.filter(application_id__in=list(owned), hour__gte=since)
    return Usage(
        since=since,
        applications=list(owned.values()),
        per_application=[ApiUsage(**row) for row in named(owned, per_api(calls))],
        top_users=top_users(owned, since),
        resources=[ResourceUsage(**with_average(row)) for row in named(owned, per_resource(calls))],
        faulty=[Faulty(**row) for row in named(owned, faults(calls))],
    )


def beginning(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def per_api(calls: QuerySet[HourlyUsage]) -> Iterable[Any]:
    return (
        calls.exclude(api="")
        .values("application_id", "api", "version")
        .annotate(sum=Sum("calls"))
        .order_by("-sum", "api")
    )


def per_resource(calls: QuerySet[HourlyUsage]) -> Iterable[Any]:
    rows = calls.exclude(api="").values("application_id", "api", "version", "method", "resource")
    return rows.annotate(sum=Sum("calls"), took=Sum("milliseconds")).order_by("-sum", "resource")


def faults(calls: QuerySet[HourlyUsage]) -> Iterable[Any]:
    """Calls that the gateway refused, or that a backend answered with 5xx."""
    faulty = calls.exclude(api="").exclude(fault_code=0, status__lt=500)
    rows = faulty.values("application_id", "api", "version", "status", "fault_code")
    return rows.annotate(sum=Sum("calls")).order_by("-sum", "status", "fault_code")


def named(owned: dict[str, Application], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the application in place of its id."""
    found = []
    for row in rows:
        calls, application = row["sum"], owned[row["application_id"]]
        rest = {name: value for name, value in row.items() if name not in {"sum", "application_id"}}
        found.append(rest | {"application": application, "calls": calls})
    return found


def with_average(row: dict[str, Any]) -> dict[str, Any]:
    average = round(row["took"] / row["calls"])
    return {name: value for name, value in row.items() if name != "took"} | {"milliseconds": average}


def top_users(owned: dict[str, Application], since: datetime) -> list[TopUser]:
    """Of each application at most TOP_USERS, over whole days."""
    rows = DailyUser.objects.filter(application_id__in=list(owned), day__gte=since.date()).exclude(subject="")
    sums = rows.values_list("application_id", "subject").annotate(sum=Sum("calls")).order_by("-sum", "subject")
    kept: dict[str, list[tuple[str, int]]] = {}
    for application_id, subject, calls in sums.iterator():
        users = kept.setdefault(application_id, [])
        if len(users) < TOP_USERS:
            users.append((subject, calls))
    names = names_of(subject for users in kept.values() for subject, _ in users)
    found = [
        TopUser(application=owned[application_id], user=names.get(subject, subject), calls=calls)
        for application_id, users in kept.items()
        for subject, calls in users
    ]
    return sorted(found, key=lambda row: (-row.calls, row.user))


def names_of(subjects: Iterable[str]) -> dict[str, str]:
    """User names by `sub`, and the names of API keys. A client that calls for itself is its own subject, and a pairwise
    one is nobody's name: they stay as they are."""
    told = set(subjects)
    rows = User.objects.filter(subject__in=filter(is_uuid, told)).values_list("subject", "username")
    ids = {subject.removeprefix(api_keys.SUBJECT) for subject in told if subject.startswith(api_keys.SUBJECT)}
    keys = api_keys.names_of(filter(is_uuid, ids))
    return {str(subject): name for subject, name in rows} | {key: f"API key {name}" for key, name in keys.items()}


def is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
