from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from store import access, charts, paging, statistics
from store.access import SignedInRequest
from store.statistics import RegisteredUsers

LONGEST_CHART = 10


@require_safe
@access.signed_in
def statistics_page(request: SignedInRequest) -> HttpResponse:
    rows = statistics.registered_users(owner=request.user)
    page = paging.page_of(request, rows)
    context = {
        "rows": page.object_list,
        "page": page,
        "chart": charts.bars([(row.application.name, len(row.users)) for row in charted(rows)]),
        "any_users": any(row.users for row in rows),
    }
    return render(request, "store/statistics.html", context)


def charted(rows: list[RegisteredUsers]) -> list[RegisteredUsers]:
    """All of them, or of many those with the most users."""
    if len(rows) <= LONGEST_CHART:
        return rows
    return sorted(rows, key=lambda row: -len(row.users))[:LONGEST_CHART]
