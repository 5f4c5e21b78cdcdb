"""The userinfo endpoint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from keymanager import (
    cors,
    dpop,
    errors,
    oidc,
    resource_access,
    scopes,
)
from keymanager.views.answers import NO_STORE, as_json
from keymanager.views.programs import for_programs


@for_programs
@cors.for_registered_origins
@require_http_methods(["GET", "HEAD", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Core 5.3."""
    try:
        bearer = resource_access.bearer_of(request)
        if bearer.user is None:
            raise errors.InvalidToken(detail="of no person")
        if scopes.OPENID not in bearer.scopes:
            raise errors.InsufficientScope
        claims = oidc.user_claims(bearer, bearer.user)
        token = oidc.protected_user_claims(claims, bearer.client)
    except errors.OAuthError as error:
        return resource_access.refused(request, error)
    headers = NO_STORE | dpop.nonce_header(request)
    if token:
        return HttpResponse(token, content_type="application/jwt", headers=headers)
    return as_json(claims, headers=headers)
