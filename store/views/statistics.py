from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from store import access, charts, statistics
from store.access import SignedInRequest


@require_safe
@access.signed_in
def statistics_page(request: SignedInRequest) -> HttpResponse:
    rows = statistics.registered_users(owner=request.user)
    context = {
        "rows": rows,
        "chart": charts.bars([(row.application.name, len(row.users)) for row in rows]),
        "any_users": any(row.users for row in rows),
    }
    return render(request, "store/statistics.html", context)
