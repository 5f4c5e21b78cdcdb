"""The userinfo endpoint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from keymanager import (
    cors,
    errors,
    oidc,
    scopes,
    tokens,
)
from keymanager.views.answers import NO_STORE


@csrf_exempt
@cors.for_registered_origins
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Core 5.3."""
    try:
        bearer = tokens.find(bearer_token(request))
        if bearer is None or bearer.user is None:
            raise errors.InvalidToken(detail="unknown, expired or revoked, or of no person")
        if scopes.OPENID not in bearer.scopes:
            raise errors.InsufficientScope
    except errors.OAuthError as error:
        headers = NO_STORE | {"WWW-Authenticate": f'Bearer error="{error.error}", error_description="{error.public}"'}
        return JsonResponse(error.as_dict(), status=error.status, headers=headers)
    claims = oidc.user_claims(bearer, bearer.user)
    if algorithm := bearer.client.registered("userinfo_signed_response_alg"):
        signed = oidc.signed_user_claims(claims, bearer.client, algorithm)
        return HttpResponse(signed, content_type="application/jwt", headers=NO_STORE)
    return JsonResponse(claims, headers=NO_STORE)


def bearer_token(request: HttpRequest) -> str:
    """RFC 6750 2.1 and 2.2; never from the query (RFC 9700 4.3.2)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.POST.get("access_token", "")
