"""The pushed authorization request endpoint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from keymanager import arrival, client_authentication, clients, cors, dpop, errors, parameters as wire, pushed_requests
from keymanager.views.answers import NO_STORE, as_json, refused
from keymanager.views.programs import for_programs

LONGEST_REQUEST = 32 * 1024


@for_programs
@cors.for_registered_origins
@require_POST
def par(request: HttpRequest) -> HttpResponse:
    """RFC 9126 2: the client is authenticated as at the token endpoint."""
    try:
        check_length(request)
        received = wire.of_body(request)
        client = client_authentication.authenticate(request, received)
        row = arrival.push(request, clients.with_uris(client), received)
    except errors.OAuthError as error:
        return refused(request, error)
    answer = {"request_uri": pushed_requests.reference(row), "expires_in": pushed_requests.LIFETIME}
    return as_json(answer, status=201, headers=NO_STORE | dpop.nonce_header(request))


def check_length(request: HttpRequest) -> None:
    """RFC 9126 2.3: 413. Before anything is read: whoever knows the name of a public client may push."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not (length.isascii() and length.isdigit()) or int(length[:12]) > LONGEST_REQUEST:
        raise errors.RequestTooLarge
