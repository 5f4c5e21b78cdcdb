"""Whether this process can do its work, for the balancer that sends people here. /health only says that it lives."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from store import key_managers

_migrated = False


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200, or 503 with what is missing. Nothing in it is a secret, and nothing says more than a word."""
    try:
        missing = problems()
    except DatabaseError:
        missing = ["database"]
    answer = {"ready": not missing, "missing": missing}
    return JsonResponse(answer, status=503 if missing else 200, headers={"Cache-Control": "no-store"})


def problems() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not is_migrated():
        return ["migrations"]
    return [] if key_managers.current().can_sign() else ["signing key"]


def is_migrated() -> bool:
    """Looked up until it is so; what is applied stays applied while a process lives."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
