"""One call to another server: certificate checked, time and size bounded, every failure a problem in words."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any

import requests
from django.conf import settings
from requests.exceptions import ConnectionError as Unreachable, RequestException, SSLError, Timeout

from playground.problems import Problem, Refused

PAGE_LIMIT = 1_000_000
PICTURE_LIMIT = 30_000_000
# A picture is drawn at its first look, and a page shows nine at once: the last ones wait for the others.
PICTURE_TURNS = 4


@dataclass(frozen=True)
class Answer:
    """What came back; `milliseconds` counts from the first byte sent to the last one read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: int

    def members(self) -> dict[str, Any] | None:
        """The JSON object in the body, None when there is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def outcome(self) -> str:
        return f"{self.status} in {self.milliseconds} ms"


def post(url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """POST a form."""
    return _send("POST", url, {"Accept": "application/json", **headers}, fields, PAGE_LIMIT)


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """GET of a page."""
    return _send("GET", url, {"Accept": "application/json", **(headers or {})}, None, PAGE_LIMIT)


def picture(url: str, headers: Mapping[str, str]) -> Answer:
    """GET of a picture, which may take longer."""
    return _send("GET", url, {"Accept": "image/*", **headers}, None, PICTURE_LIMIT, turns=PICTURE_TURNS)


def _send(
    method: str, url: str, headers: dict[str, str], data: Mapping[str, str] | None, limit: int, *, turns: int = 1
) -> Answer:
    started, patience = time.monotonic(), turns * settings.PLAYGROUND_TIMEOUT
    try:
        with requests.Session() as session:
            # Neither a proxy nor a .netrc of this machine may see or replace our credentials.
            session.trust_env = False
            response = session.request(
                method,
                url,
                data=data,
                headers=headers,
                stream=True,
                allow_redirects=False,  # a redirect would carry the credentials elsewhere
                timeout=patience,
                verify=settings.PLAYGROUND_CA_FILE,
            )
            with response:
                body = _read(response, limit, started + patience)
    except (OSError, ValueError) as error:
        raise Refused(_problem(url, error, patience)) from error
    return Answer(response.status_code, response.headers, body, round((time.monotonic() - started) * 1000))


def _read(response: requests.Response, limit: int, deadline: float) -> bytes:
    """The timeout of requests is for each read; a server that drips would never meet it."""
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes")
        if time.monotonic() > deadline:
            raise Timeout("not finished in time")
    return bytes(body)


class TooLarge(RequestException):
    """The answer is longer than any we expect."""


def _problem(url: str, error: OSError | ValueError, patience: float) -> Problem:
    server = "/".join(url.split("/")[:3])
    detail = type(error).__name__
    if mistaken := _wrong_scheme(server, error):
        return mistaken
    if isinstance(error, SSLError):
        return Problem(
            f"The certificate of {server} is not trusted, so nothing was sent.",
            "Point PLAYGROUND_CA_FILE at the CA that signed it. Verification is never switched off.",
            code="TLS",
            detail=_reason(error),
        )
    if isinstance(error, Timeout) or "timed out" in str(error):
        return Problem(
            f"{server} did not answer within {patience:g} seconds.",
            "It may be overloaded. Try again in a moment.",
            code="timeout",
            detail=detail,
        )
    if isinstance(error, TooLarge):
        return Problem(f"{server} sent more than expected.", "Check the address.", code="too large", detail=str(error))
    if isinstance(error, Unreachable):
        return Problem(
            f"{server} cannot be reached.",
            "Check that it is running and that the address is right, then try again.",
            code="unreachable",
            detail=_reason(error),
        )
    if "CA certificate bundle" in str(error):
        return Problem(
            "The file with the trusted certificates is missing, so nothing was sent.",
            "Point PLAYGROUND_CA_FILE at the CA file and try again.",
            code="TLS",
        )
    return Problem(f"The call to {server} failed.", "Check the address, then try again.", code="failed", detail=detail)


def _wrong_scheme(server: str, error: OSError | ValueError) -> Problem | None:
    """Whether the other side speaks something else than the address says: http for https, or the other way round."""
    cause = _cause(error)
    if isinstance(error, SSLError) and "CERTIFICATE" not in str(cause).upper():
        return Problem(
            f"{server} does not speak TLS, so nothing was sent.",
            "Check the address: perhaps it must begin with http://, or has another port.",
            code="TLS",
            detail=_reason(error),
        )
    if isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected):
        return Problem(
            f"{server} does not answer in HTTP.",
            "Check the address: perhaps it must begin with https://, or has another port.",
            code="not HTTP",
        )
    return None


def _reason(error: Exception) -> str:
    return str(_cause(error))[:200]


def _cause(error: Exception) -> BaseException:
    """The innermost one: requests wraps it in several layers of object names."""
    cause: BaseException = error
    while before := cause.__cause__ or cause.__context__:
        cause = before
    return cause
