"""The counter of one Envoy: from its call log to the figures (`manage.py count_calls`, docs/statistics.md).

It holds nothing that matters: how far it came stands with the figures, so it may be killed at any time.
"""

from __future__ import annotations

import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from gateway import envoy_admin, usage_lines, usage_log
from gateway.usage_facts import StoreFacts
from store import usage

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two looks at a log that has been counted
SHOW_LIFE = 5.0
TIDY = 600.0


class Counter:
    def __init__(self, node: str) -> None:
        self.node = node
        self.log = usage_log.path(node)
        self.facts = StoreFacts()
        self.at: usage.Place | None = None
        self.looked = self.tidied = 0.0

    def step(self) -> bool:
        """Counts the next piece. True: there may be more at once. Raises DatabaseError; then nothing was counted."""
        self.at = self.at or usage.place(self.node)
        read = usage_log.read(self.log, self.at)
        if read.lines:
            self.count(read)
        elif time.monotonic() - self.looked > SHOW_LIFE:
            usage.looked(self.node)
            self.looked = time.monotonic()
        self.rotate()
        self.tidy()
        return read.behind > 0 and bool(read.lines)

    def count(self, read: usage_log.Read) -> None:
        at, self.at = self.at, None  # asked for again if this fails
        piece = usage_lines.piece_of(read.lines, self.facts)
        if piece.unreadable:
            log.warning("%s lines of the call log of %s cannot be read", piece.unreadable, self.node)
        try:
            usage.record(self.node, read.before, read.after, piece, behind=read.behind)
        except usage.OvertakenError:
            log.warning("another counter is at work on the call log of %s", self.node)
        else:
            self.at = read.after if at else None

    def rotate(self) -> None:
        if usage_log.is_large(self.log) and self.has_administration():
            usage_log.set_aside(self.log)
        if usage_log.is_aside(self.log) or self.is_gone():
            self.ask_for_a_new_one()

    def is_gone(self) -> bool:
        """Moved or removed by somebody else: Envoy goes on writing where nobody reads."""
        return not self.log.exists() and self.has_administration()

    def has_administration(self) -> bool:
        try:
            return envoy_admin.ask(self.node, "GET", "/ready")[0] > 0
        except OSError:
            return False

    def ask_for_a_new_one(self) -> None:
        """Again with the next look, as long as there is none; an Envoy that starts anew makes one by itself."""
        try:
            envoy_admin.reopen_logs(self.node)
        except OSError as error:
            log.warning("the call log of %s cannot be opened anew: %s", self.node, error)

    def tidy(self) -> None:
        if time.monotonic() - self.tidied > TIDY:
            self.tidied = time.monotonic()
            usage.trim()
            usage.forget(days=settings.USAGE_DAYS)


def work(node: str, stop: threading.Event) -> None:
    counter = Counter(node)
    since = None  # when it began to wait
    while not stop.is_set():
        try:
            close_old_connections()
            more = counter.step()
        except (DatabaseError, OSError) as error:
            if since is None:
                since = time.monotonic()
                log.error("the call log of %s waits: %s", node, error)
            more = False
        else:
            if since is not None:
                log.info("the call log of %s is counted again, after %.0f s", node, time.monotonic() - since)
                since = None
        if not more:
            stop.wait(PAUSE)
