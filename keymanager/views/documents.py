"""What this key manager publishes of itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from keymanager import (
    metadata as described,
    signing,
)


@require_GET
def jwks(request: HttpRequest) -> HttpResponse:
    """RFC 7517 5."""
    return JsonResponse(signing.jwks(), headers={"Cache-Control": f"public, max-age={signing.max_age()}"})


@require_GET
def metadata(request: HttpRequest) -> HttpResponse:
    """RFC 8414 3 and OpenID Connect Discovery 4."""
    return JsonResponse(described.document(), headers={"Cache-Control": "public, max-age=300"})
