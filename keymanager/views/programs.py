"""What the endpoints that programs call have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from django.core.exceptions import BadRequest, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from keymanager import errors
from keymanager.views.answers import refused

P = ParamSpec("P")
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
UNREADABLE = (BadRequest, MultiPartParserError, UnreadablePostError)


def for_programs(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """No form of a page leads here, so no CSRF token; a body that cannot be read is an OAuth error like any other; and
    what the view does not say may be stored may not (RFC 9111 4.2.2 lets caches keep even a 405)."""

    @csrf_exempt
    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = cast("HttpRequest", args[0])
        try:
            read_as_utf_8(request)
            response = view(*args, **kwargs)
        except TOO_LARGE as fault:
            response = refused(request, errors.RequestTooLarge(detail=repr(fault)))
        except UNREADABLE as fault:
            response = refused(request, errors.InvalidRequest("The body cannot be read.", detail=repr(fault)))
        if response.status_code == 405:
            say_methods(response)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answered


def read_as_utf_8(request: HttpRequest) -> None:
    """RFC 6749 B. The type of a form has no charset; Apache's HttpClient names ISO-8859-1 unless it is told otherwise,
    and Django refuses that."""
    if request.encoding:
        request.encoding = "utf-8"


def say_methods(response: HttpResponse) -> None:
    """RFC 9110 15.5.6, in the form of every other error here; what is in the headers stays."""
    fault = errors.InvalidRequest(f"This address is for {response.headers['Allow']} only.")
    response.content = json.dumps(fault.as_dict()).encode()
    response.headers["Content-Type"] = "application/json"
