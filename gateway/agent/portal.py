"""The portal as the agent sees it: several addresses of one, any of which may be away."""

from __future__ import annotations

import contextlib
import http.client
import logging
import ssl
import threading
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.agent import answers
from gateway.agent.configuration import Configuration, NotUsableError

log = logging.getLogger(__name__)

# All of a question, below what Envoy waits for the agent (gateway/agents.py). A busy portal has to gather 100,000 ids.
PATIENCE = 10.0  # seconds
CONNECT_PATIENCE = 3.0
# Of an Envoy that has just started, while there is something to go on with: its door is closed until then.
HURRIED = 3.0
# So long it is not waited for after it did not answer, where there is something to go on with. Longer than the
# patience, so that one that hangs is known to between two questions.
AWAY_SECONDS = 15.0
MOST_IDLE = 8
PIECE = 256 * 1024


class AwayError(Exception):
    """No portal has given an answer that could be looked at."""


class NotToldError(Exception):
    """The portal is there, and does not tell this."""


class Answer(NamedTuple):
    status: int
    content: bytes


class Portal:
    def __init__(self, configuration: Configuration) -> None:
        self.host = configuration.host
        self.urls = list(configuration.portals)
        self.context = trust(configuration)
        self.idle: list[tuple[str, http.client.HTTPConnection]] = []
        self.lock = threading.Lock()
        self.away_since: float | None = None
        self.missed_at = 0.0

    @property
    def is_away(self) -> bool:
        """It did not answer a moment ago. What was long ago tells nothing."""
        return self.away_since is not None and time.monotonic() - self.missed_at < AWAY_SECONDS

    def ask(self, method: str, path: str, body: bytes | None = None, *, hurry: bool = False) -> Answer:
        """200 or 304. AwayError: none of them answers, or is able to."""
        share = (HURRIED if hurry else PATIENCE) / len(self.urls)
        reasons = []
        for url in list(self.urls):
            try:
                answer = self.ask_one(url, method, path, body, time.monotonic() + share)
            except (OSError, http.client.HTTPException, AwayError) as error:
                reasons.append(f"{url}: {str(error) or type(error).__name__}")
            else:
                self.is_there(url)
                if answer.status in (200, 304):
                    return answer
                said = answer.content[:200].decode(errors="replace")
                raise NotToldError(f"It answered {answer.status}: {said}")
        self.is_gone("; ".join(reasons))
        raise AwayError(reasons[-1])

    def ask_one(self, url: str, method: str, path: str, body: bytes | None, until: float) -> Answer:
        while connection := self.kept_open(url):
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.exchange(url, connection, method, path, body, until)
            if time.monotonic() > until:
                raise AwayError("it did not answer in time")
        return self.exchange(url, self.connect(url), method, path, body, until)

    def exchange(
        self, url: str, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, until: float
    ) -> Answer:
        done = False
        try:
            left = max(0.05, until - time.monotonic())
            if connection.sock is None:
                connection.timeout = min(left, CONNECT_PATIENCE)
                connection.connect()
            connection.sock.settimeout(left)
            headers = {"Host": self.host, "Accept": "application/json", "Content-Type": "application/json"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = read(connection, response, until)
            done = True
        finally:
            if not done:
                connection.close()
        self.keep_open(url, connection)
        if response.status >= 500:
            raise AwayError(f"it answered {response.status}")
        return Answer(response.status, content)

    def connect(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, parts.port, context=self.context)
        return http.client.HTTPConnection(host, parts.port)

    def kept_open(self, url: str) -> http.client.HTTPConnection | None:
        with self.lock:
            for place, (of, connection) in enumerate(self.idle):
                if of == url:
                    del self.idle[place]
                    return connection
        return None

    def keep_open(self, url: str, connection: http.client.HTTPConnection) -> None:
        with self.lock:
            if connection.sock is not None and len(self.idle) < MOST_IDLE:
                self.idle.append((url, connection))
                return
        connection.close()

    def is_there(self, url: str) -> None:
        """The one that has answered is asked first from now on."""
        with self.lock:
            if self.urls[0] != url:
                self.urls.remove(url)
                self.urls.insert(0, url)
            since, self.away_since = self.away_since, None
        if since is not None:
            log.info("The portal answers again, after %.0f s.", time.monotonic() - since)

    def is_gone(self, reason: str) -> None:
        with self.lock:
            self.missed_at = time.monotonic()
            news = self.away_since is None
            if news:
                self.away_since = self.missed_at
        if news:
            log.warning("The portal is away (%s). Its last good answers stand.", reason)


def trust(configuration: Configuration) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=configuration.ca_file or None)
    except OSError as error:
        sentence = f"The certificate authority {configuration.ca_file} cannot be read: {error}"
        raise NotUsableError(sentence) from error


def read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, until: float) -> bytes:
    """The body, in pieces: whoever sends a byte a second must not hold Envoy up."""
    pieces, size = [], 0
    while piece := response.read1(PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > answers.LARGEST:
            raise AwayError(f"its answer is larger than {answers.LARGEST} bytes")
        if time.monotonic() > until:
            raise AwayError("its answer took too long")
    response.close()  # the connection may be used again
    return b"".join(pieces)
