"""A view behind the toolkit's own protection, with nothing in it: what the check endpoint is compared with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from oauth2_provider.decorators import protected_resource


@protected_resource(scopes=["read"])
def protected(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)
