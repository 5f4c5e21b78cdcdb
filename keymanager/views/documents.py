"""What this key manager publishes of itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.views.decorators.http import require_safe

from keymanager import (
    cors,
    metadata as described,
    signing,
    web_finger,
)
from keymanager.views.programs import for_programs

# Where the original has its two documents; ours says the same there.
ALIASES = frozenset({"oauth2/token", "oauth2/oidcdiscovery"})


@for_programs
@cors.for_all
@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """RFC 7517 5."""
    return JsonResponse(signing.jwks(), headers={"Cache-Control": f"public, max-age={signing.max_age()}"})


@for_programs
@cors.for_all
@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """RFC 8414 3 and OpenID Connect Discovery 4."""
    return JsonResponse(described.document(), headers={"Cache-Control": "public, max-age=300"})


@for_programs
def metadata_of_path(request: HttpRequest, path: str) -> HttpResponse:
    """RFC 8414 3.1: the path of the issuer comes after the well-known name, a "/" at its end removed."""
    if path.rstrip("/") not in {urlsplit(settings.ISSUER).path.strip("/"), *ALIASES}:
        raise Http404("no issuer has this path")
    return metadata(request)


@for_programs
@cors.for_all
@require_safe
def webfinger(request: HttpRequest) -> HttpResponse:
    """RFC 7033 4.2: without a resource 400, for one that is not ours 404."""
    resources = request.GET.getlist("resource")
    if len(resources) != 1 or not resources[0]:
        return HttpResponseBadRequest("resource is missing, or came twice", content_type="text/plain")
    document = web_finger.document(str(resources[0]), [str(rel) for rel in request.GET.getlist("rel")])
    if document is None:
        raise Http404("not an address of ours")
    return JsonResponse(document, content_type="application/jrd+json", headers={"Cache-Control": "public, max-age=300"})


@for_programs
@cors.for_all
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description of what programs call here (OpenAPI 3.1)."""
    document = written() | {"servers": [{"url": settings.ISSUER}]}
    return JsonResponse(document, headers={"Cache-Control": "public, max-age=300"})


@cache
def written() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(__file__).parents[1] / "openapi.json").read_text())
    return document
