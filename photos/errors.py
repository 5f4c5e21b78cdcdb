"""Every refusal: what the caller reads, and beside it the detail that only the log gets (RFC 6750 3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from photos.limits import refuse

log = logging.getLogger("photos")

REALM = 'Bearer realm="PhotoShare"'


class Refusal(APIException):
    """A refused request: `error` code, one sentence for the caller, `log_detail` for us."""

    status_code = 400
    error = "invalid_request"

    def __init__(self, description: str, *, log_detail: str = "", scope: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.log_detail = log_detail
        self.scope = scope

    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {}


class BearerRefusal(Refusal):
    """RFC 6750 3: a refusal that concerns the token is told in WWW-Authenticate too."""

    def headers(self) -> dict[str, str]:
        """The challenge with its error code, and the scope that was missing."""
        challenge = f'{REALM}, error="{self.error}", error_description="{self.description}"'
        return {"WWW-Authenticate": challenge + (f', scope="{self.scope}"' if self.scope else "")}


class NoToken(Refusal):
    """RFC 6750 3.1: a request without authentication gets a challenge without an error code."""

    status_code = 401
    error = "missing_token"

    def headers(self) -> dict[str, str]:
        """The bare challenge."""
        return {"WWW-Authenticate": REALM}


class MalformedToken(BearerRefusal):
    """RFC 6750 3.1 invalid_request: the Authorization header is not `Bearer` and one token."""


class InvalidToken(BearerRefusal):
    """RFC 6750 3.1 invalid_token."""

    status_code = 401
    error = "invalid_token"


class InsufficientScope(BearerRefusal):
    """RFC 6750 3.1 insufficient_scope: the request requires higher privileges than the token provides."""

    status_code = 403
    error = "insufficient_scope"


class InvalidRequest(Refusal):
    """Something in the request's body cannot be used."""


class LimitReached(Refusal):
    """The person has as much as PhotoShare keeps for one person."""

    status_code = 409
    error = "limit_reached"


class KeysUnavailable(Refusal):
    """The issuer's keys cannot be fetched, so nobody can be recognised right now."""

    status_code = 503
    error = "temporarily_unavailable"

    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "5"}


def answer(problem: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an exception of a view: {"error", "error_description"}; None lets an unforeseen one be a 500."""
    refusal = _as_refusal(problem)
    if refusal is None:
        return None
    request = context.get("request")
    log.info(
        "%s %s: %s", refusal.status_code, request.path if request else "", refusal.log_detail or refusal.description
    )
    body = {"error": refusal.error, "error_description": refusal.description}
    return Response(body, status=refusal.status_code, headers=refusal.headers())


def _as_refusal(problem: Exception) -> Refusal | None:
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, Http404):
        return _refusal(404, "not_found", "There is no such album or picture among yours.")
    if isinstance(problem, ValidationError):
        return InvalidRequest(_sentence(problem.detail))
    if isinstance(problem, APIException):
        return _refusal(problem.status_code, "invalid_request", str(problem.detail))
    if isinstance(problem, OperationalError):
        log.exception("The database did not answer")
        return _refusal(503, "temporarily_unavailable", "PhotoShare is busy; try again in a moment.")
    if isinstance(problem, (RecursionError, LookupError, UnicodeError)) and _reading_body(problem):
        return InvalidRequest("The body cannot be read.", log_detail=repr(problem)[:200])
    return None


def _reading_body(problem: Exception) -> bool:
    """Whether the exception rose in a body parser: absurd nesting or an absurd charset is the caller's mistake."""
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "rest_framework.parsers":
            return True
        trace = trace.tb_next
    return False


def _refusal(status: int, error: str, description: str) -> Refusal:
    refusal = Refusal(description)
    refusal.status_code, refusal.error = status, error
    return refusal


def _sentence(detail: object) -> str:
    """The first sentence of a serializer's errors."""
    while isinstance(detail, (dict, list)) and detail:
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail) if isinstance(detail, ErrorDetail) else "The request cannot be used."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own 400 (too many fields, and the like), as JSON."""
    return refuse("invalid_request", "The request cannot be read.", 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address outside the API."""
    return refuse("not_found", "PhotoShare has no such address; /openapi.json lists them all.", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Our mistake; the log has it."""
    return refuse("server_error", "PhotoShare could not answer; the mistake is ours and was logged.", 500)
