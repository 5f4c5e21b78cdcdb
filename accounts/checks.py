from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connections

from accounts.models import User


def refuse_demo_accounts(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Outside demo mode an account whose password is in the README must not exist."""
    if settings.DEMO or "default" not in (databases or []):
        return []
    if User._meta.db_table not in connections["default"].introspection.table_names():
        return []
    names = sorted(User.objects.filter(is_demo=True).values_list("username", flat=True))
    if not names:
        return []
    sentence = f"This database holds demo accounts ({', '.join(names)}), whose passwords everybody knows."
    hint = "Use another database, or delete them; demo mode is `make run`."
    return [checks.Error(sentence, hint=hint, id="accounts.E001")]


def register() -> None:
    checks.register(refuse_demo_accounts, checks.Tags.database)
