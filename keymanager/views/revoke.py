"""The revocation endpoint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from keymanager import (
    client_authentication,
    cors,
    errors,
    parameters as wire,
    revocation,
)
from keymanager.views.answers import NO_STORE, refused
from keymanager.views.programs import for_programs


@for_programs
@cors.for_registered_origins
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009 2, answered like the original: an empty text/html with what was revoked in its headers."""
    try:
        received = wire.of_body(request)
        client = client_authentication.authenticate(request, received)
        if "token" not in received:
            raise errors.InvalidRequest("Invalid revocation request")
        revoked = revocation.revoke(received["token"], client=client)
    except errors.OAuthError as error:
        return refused(request, error)
    return HttpResponse(headers=NO_STORE | (revoked.headers if revoked else {}))
