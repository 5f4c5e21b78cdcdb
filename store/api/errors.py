"""What the REST API says when it refuses: the original's Error object (wso2-2.6.md 9)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.exceptions import APIException, NotFound, PermissionDenied as ApiPermissionDenied
from rest_framework.response import Response
from rest_framework.views import exception_handler

from store.errors import StoreError


class Refused(APIException):
    """What was sent cannot be done. `problems`: one sentence for each member that is wrong."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, sentence: str, problems: list[dict[str, str]] | None = None) -> None:
        super().__init__(sentence)
        self.problems = problems or []


class InsufficientScope(ApiPermissionDenied):
    """RFC 6750 3.1"""


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's handler, in that form."""
    if isinstance(error, StoreError):
        error = Refused(str(error))
    response = exception_handler(error, context)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    response.data = {
        "code": status.value,
        "message": status.phrase,
        "description": sentence_of(error),
        "moreInfo": "",
        "error": getattr(error, "problems", []),
    }
    return response


def sentence_of(error: Exception) -> str:
    if isinstance(error, Http404 | NotFound):
        return "There is no such API."
    if isinstance(error, PermissionDenied):
        return "You may not do that."
    return str(getattr(error, "detail", error))
