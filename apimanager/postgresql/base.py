"""Django's PostgreSQL, whose connections are looked at before each request without asking the server."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Nothing is to be read from an idle connection but its end, or a notice: only then the server is asked.

        Django's CONN_HEALTH_CHECKS would ask it by a statement for every request.
        """
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0) or super().is_usable()
