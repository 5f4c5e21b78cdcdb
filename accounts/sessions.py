"""Sessions in the database, as Django keeps them, looked up by a prepared statement: every page begins with one."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from accounts.prepared import Argument, Select

LIVE = Select(
    lambda: Session.objects.filter(
        session_key=Argument("key", CharField()), expire_date__gt=Argument("now", DateTimeField())
    )
)


class SessionStore(DatabaseSessionStore):
    def _get_session_from_db(self) -> Session | None:
        row = LIVE.first(key=self.session_key, now=timezone.now())
        if row is None:
            self._session_key = None
        return row
