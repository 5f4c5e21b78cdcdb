"""The pages that show what lies elsewhere, or are shown there: for all others the policy of the house holds
(settings.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpResponse

from keymanager import redirect_uris

# Nothing that would end a directive and begin another.
ORIGIN = re.compile(r"^https?://[A-Za-z0-9._:\[\]-]+$")


def may_show(response: HttpResponse, urls: Iterable[str]) -> HttpResponse:
    """The page may show these addresses in frames, and nothing else."""
    origins = {redirect_uris.origin(url) for url in urls}
    return changed(response, "frame-src", " ".join(sorted(filter(ORIGIN.match, origins))) or "'none'")


def may_picture(response: HttpResponse, url: str | None) -> HttpResponse:
    """The page may show this picture, too."""
    origin = redirect_uris.origin(url) if url else ""
    if not ORIGIN.match(origin):
        return response
    return changed(response, "img-src", f"{settings.CONTENT_SECURITY_POLICY['img-src']} {origin}")


def may_be_framed(response: HttpResponse) -> HttpResponse:
    """By anybody: Session Management 1.0 3.2 is made of that."""
    response.xframe_options_exempt = True
    return changed(response, "frame-ancestors", "*")


def changed(response: HttpResponse, directive: str, value: str) -> HttpResponse:
    policy = settings.CONTENT_SECURITY_POLICY | {directive: value}
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    return response
