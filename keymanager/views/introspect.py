"""The introspection endpoint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from keymanager import (
    client_authentication,
    errors,
    introspection,
    parameters as wire,
)
from keymanager.views.answers import NO_STORE, as_json, refused
from keymanager.views.programs import for_programs


@for_programs
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662 2; signed when the caller accepts that best (RFC 9701 4)."""
    try:
        received = wire.of_body(request)
        client = client_authentication.authenticate(request, received)
        members = introspection.introspect(client, received)
    except errors.OAuthError as error:
        return refused(request, error)
    if introspection.is_jwt_asked(request):
        signed = introspection.signed(client, members)
        return HttpResponse(signed, content_type=introspection.MEDIA_TYPE, headers=NO_STORE)
    return as_json(members)
