"""The token endpoint."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from keymanager import (
    authorizations,
    client_authentication,
    confirmations,
    cors,
    dpop,
    encryption,
    errors,
    grants,
    parameters as wire,
    profiles,
)
from keymanager.grants.base import TokenRequest
from keymanager.views.answers import NO_STORE, as_json, refused
from keymanager.views.programs import for_programs


@for_programs
@cors.for_registered_origins
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 3.2. Each grant type's exchange is one transaction: what fails leaves nothing behind."""
    try:
        answer = exchange(request)
    except errors.Replayed as replay:
        # The exchange was rolled back; what the first use produced dies in a transaction of its own.
        authorizations.revoke(replay.authorization_id, reason="replay")
        return refused(request, replay)
    except errors.OAuthError as error:
        return refused(request, error)
    return as_json(answer, headers=NO_STORE | dpop.nonce_header(request))


def exchange(request: HttpRequest) -> dict[str, Any]:
    received = wire.of_body(request)
    client = client_authentication.authenticate(request, received)
    grant_type = received.get("grant_type")
    if grant_type is None:
        raise errors.InvalidRequest("Missing grant_type parameter value")
    if grant_type not in grants.EXCHANGES:
        raise errors.UnsupportedGrantType(grant_type)
    if not client.has_grant_type(grant_type):
        raise errors.UnauthorizedClient(detail=f"{grant_type} is not ticked for this key set")
    profiles.check_grant_type(client, grant_type)
    confirmation = confirmations.proved(request, client)
    profiles.check_confirmation(client, confirmation)
    asked = TokenRequest(http=request, client=client, parameters=received, confirmation=confirmation)
    encryption.prepare(client)
    try:
        return grants.EXCHANGES[grant_type](asked)
    except IntegrityError as gone:
        # Nothing is left: the client or the person was deleted while this ran, which the commit finds out.
        raise errors.InvalidGrant(detail=f"deleted meanwhile: {gone}") from gone
