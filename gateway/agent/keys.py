"""The key manager's public keys (RFC 7517), by which Envoy checks tokens: the newest, or the last good ones."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from pathlib import Path

from gateway.agent import answers
from gateway.agent.answers import UnusableError
from gateway.agent.kept import Kept
from gateway.agent.portal import Answer, AwayError, NotToldError, Portal

log = logging.getLogger(__name__)

PATH = "/oauth2/jwks"
# Envoy asks once for each place a token may come in.
FRESH_SECONDS = 1.0


class Keys:
    def __init__(self, folder: Path, portal: Portal) -> None:
        self.portal = portal
        self.lock = threading.Lock()
        self.file = Kept(folder, "keys")
        loaded = self.file.load()
        self.saved, self.content = loaded or ("", b"")
        self.fresh_until = 0.0
        self.defect = ""

    def answer(self) -> Answer:
        with self.lock:
            # A restarted Envoy need not wait for a portal that does not answer.
            if time.monotonic() > self.fresh_until and not (self.content and self.portal.is_away):
                self.refresh()
            return Answer(200, self.content) if self.content else Answer(503, b"")

    def refresh(self) -> None:
        try:
            content = self.portal.ask("GET", PATH, hurry=bool(self.content)).content
            answers.check_keys(content)
        except AwayError:
            return
        except (UnusableError, NotToldError) as error:
            self.is_defect(str(error))
            return
        self.defect = ""
        self.content, self.fresh_until = content, time.monotonic() + FRESH_SECONDS
        self.save()

    def is_defect(self, reason: str) -> None:
        if reason != self.defect:
            log.error("The portal's keys are kept out. %s", reason)
        self.defect = reason

    def save(self) -> None:
        version = hashlib.sha256(self.content).hexdigest()[:16]
        if version == self.saved:
            return
        try:
            self.file.save(version, self.content)
        except OSError as error:
            log.error("The keys cannot be kept: %s", error)
        else:
            self.saved = version
