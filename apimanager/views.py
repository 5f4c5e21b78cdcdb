from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page a form answers with when its token is missing, foreign or of an ended session: mostly because somebody
    signed in or out in another tab meanwhile. The way on is the page with the form, opened anew."""
    return render(request, "expired.html", {"form_page": form_page(request)}, status=403)


def form_page(request: HttpRequest) -> str:
    """The path of the page of ours that the form was on; the store's front page when that is not known."""
    try:
        came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    except ValueError:
        came_from = urlsplit("")
    if came_from.netloc != request.get_host() or not re.match(r"/(?![/\\])", came_from.path):
        return reverse("store:apis")
    path: str = urlunsplit(("", "", came_from.path, came_from.query, ""))
    return path


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TOO_LARGE):
        context = {"title": "This is too much", "sentence": "The form or the address is larger than we accept."}
        return render(request, "problem.html", context, status=413)
    context = {"title": "This request cannot be read", "sentence": "Something in the address or the form is not valid."}
    return render(request, "problem.html", context, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    context = {"title": "Not allowed", "sentence": str(exception) or "You may look at this, but not change it."}
    return render(request, "problem.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    context = {"title": "Not found", "sentence": "There is nothing here, or it is not yours to see."}
    return render(request, "problem.html", context, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    context = {"title": "Something went wrong", "sentence": "The fault is ours and has been logged. Please try again."}
    return render(request, "problem.html", context, status=500)
