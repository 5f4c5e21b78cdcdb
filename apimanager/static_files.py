"""Static files under the conditions of RFC 9110 13. WhiteNoise takes a tag only as it wrote it, so not as a proxy that
compresses hands it on, and gives a part of a new file to whoever has a part of an old one (If-Range).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_http_date_safe
from whitenoise.middleware import WhiteNoiseMiddleware

# RFC 9110 14.2: "A server MAY ignore the Range header field". Nothing here is long.
OURS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse | None:
        if request.method in ("GET", "HEAD"):
            head = whole(static_file, request, "HEAD")
            changed = parse_http_date_safe(head.headers.get("Last-Modified", ""))
            answer = get_conditional_response(request, head.headers.get("ETag"), changed, head)
            if answer is not head:
                return answer
        return whole(static_file, request, request.method)


def whole(static_file: Any, request: HttpRequest, method: str | None) -> HttpResponse:
    meta = {name: value for name, value in request.META.items() if name not in OURS}
    response: HttpResponse = WhiteNoiseMiddleware.serve(static_file, SimpleNamespace(method=method, META=meta))
    return response
