"""Django's way to the mail server, and an end to it: a mail is taken for a time (accounts/outbox.py), and must not be
sent after that. A timeout of a socket is for each read; whoever sends a byte now and then would never meet it."""

from __future__ import annotations

import os
import smtplib
import socket
import threading
from contextlib import suppress
from typing import Any

from django.core.mail.backends import smtp

SECONDS = 100.0
CONNECT_SECONDS = 10.0


class InTime(smtplib.SMTP):
    def __init__(self, *args: Any, **options: Any) -> None:
        self.is_late = False
        self.handle: socket.socket | None = None
        self.timer = threading.Timer(SECONDS, self.break_off)
        self.timer.daemon = True
        self.timer.start()
        try:
            super().__init__(*args, **options)
        except BaseException:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, CONNECT_SECONDS)  # type: ignore[misc]
        connected.settimeout(timeout)
        # Another handle on the connection: STARTTLS puts that into another socket, and the shutdown of one with TLS
        # would take that away from under the thread that reads.
        self.handle = socket.socket(fileno=os.dup(connected.fileno()))
        if self.is_late:
            connected.close()
            raise TimeoutError("there was no connection in time")
        return connected

    def break_off(self) -> None:
        self.is_late = True
        if self.handle is not None:
            with suppress(OSError):
                self.handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.timer.cancel()
        super().close()
        if self.handle is not None:
            self.handle.close()


class InTimeOverTLS(InTime, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return InTimeOverTLS if self.use_ssl else InTime

    def open(self) -> bool | None:
        try:
            return super().open()
        except OSError:
            # Django would leave it until somebody opens the next one.
            if (begun := self._partial_connection) is not None:  # type: ignore[attr-defined]
                begun.close()
            raise
