"""How much a request may carry, checked before a byte of the body is read."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

MEGABYTE = 1024 * 1024
UPLOAD = 10 * MEGABYTE
ROOM_FOR_FIELDS = 64 * 1024

Handler = Callable[[HttpRequest], HttpResponse]

TOO_LARGE = "The file is too large: at most 10 MB can be uploaded."
NO_LENGTH = "Send the body with a Content-Length header."


def limit_body(get_response: Handler) -> Handler:
    """Middleware: 400 for a body over 10 MB, 411 for one whose length is not told; answers stay out of caches."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = _refusal(request) or get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle


def _refusal(request: HttpRequest) -> HttpResponse | None:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        return refuse("invalid_request", NO_LENGTH, 411)
    if length.isascii() and length.isdigit() and int(length[:20]) > UPLOAD + ROOM_FOR_FIELDS:
        return refuse("invalid_request", TOO_LARGE, 400)
    return None


def refuse(error: str, description: str, status: int) -> HttpResponse:
    """The answer to a request that reaches no view."""
    return JsonResponse({"error": error, "error_description": description}, status=status)
