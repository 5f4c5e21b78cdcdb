from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from store import access, charts, usage_statistics
from store.access import SignedInRequest
from store.models import Application
from store.usage_statistics import Usage

PERIODS = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
LONGEST_CHART = 10


@require_safe
@access.signed_in
def usage_page(request: SignedInRequest) -> HttpResponse:
    period = chosen(request)
    usage = usage_statistics.usage(owner=request.user, period=period)
    context = {"usage": usage, "period": period, "periods": PERIODS, "charts": drawn(usage)}
    return render(request, "store/usage.html", context)


@require_safe
@access.signed_in
def usage_json(request: SignedInRequest) -> HttpResponse:
    period = chosen(request)
    told = told_of(usage_statistics.usage(owner=request.user, period=period))
    return JsonResponse({"period": period, **told}, headers={"Cache-Control": "no-store"})


def chosen(request: HttpRequest) -> str:
    """An unknown period is a day."""
    asked = request.GET.get("period", "")
    return asked if asked in PERIODS else "day"


def drawn(usage: Usage) -> dict[str, charts.Chart]:
    per_application = summed((row.application.name, row.calls) for row in usage.per_application)
    faulty = summed((row.application.name, row.calls) for row in usage.faulty)
    users = [(f"{row.user} · {row.application}", row.calls) for row in usage.top_users]
    resources = [
        (f"{row.method} {row.api}/{row.version}{row.resource} · {row.application}", row.calls)
        for row in usage.resources
    ]
    parts = {"per_application": per_application, "users": users, "resources": resources, "faulty": faulty}
    return {name: charts.bars(rows[:LONGEST_CHART]) for name, rows in parts.items()}


def summed(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Most first."""
    sums: dict[str, int] = {}
    for name, calls in rows:
        sums[name] = sums.get(name, 0) + calls
    return sorted(sums.items(), key=lambda row: (-row[1], row[0]))


def told_of(usage: Usage) -> dict[str, Any]:
    return {
        "since": usage.since,
        "apiUsagePerApplication": [told_row(row) for row in usage.per_application],
        "topUsers": [told_row(row) for row in usage.top_users],
        "apiUsageFromResourcePath": [told_row(row) for row in usage.resources],
        "faultyInvocationsPerApplication": [told_row(row) for row in usage.faulty],
    }


def told_row(row: Any) -> dict[str, Any]:
    application: Application = row.application
    members = {name: getattr(row, name) for name in row.__dataclass_fields__ if name != "application"}
    return {"application": application.name, "applicationId": str(application.pk), **members}
