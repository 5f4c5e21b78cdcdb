"""RFC 6749 4.1."""

from __future__ import annotations

from django.db import transaction

from keymanager import codes, oidc, profiles, tokens
from keymanager.grants.base import Answer, Approved, TokenRequest


def respond(approved: Approved) -> Answer:
    """RFC 6749 4.1.2."""
    return {"code": codes.issue(approved)}


@transaction.atomic
def exchange(request: TokenRequest) -> Answer:
    """RFC 6749 4.1.3 and 4.1.4."""
    code = codes.redeem(
        request.required("code"),
        client=request.client,
        redirect_uri=redirect_uri_of(request),
        verifier=request.parameters.get("code_verifier", ""),
        confirmation=request.confirmation,
    )
    authorization = code.authorization
    answer = tokens.for_authorization(authorization, request.content(authorization))
    if "openid" in authorization.scope.split():
        answer["id_token"] = oidc.id_token(authorization, nonce=code.nonce, access_token=answer["access_token"])
    return answer


def redirect_uri_of(request: TokenRequest) -> str | None:
    """RFC 6749 4.1.3: "REQUIRED"; OAuth 2.1 10.2: not for clients that are known to follow it."""
    if profiles.of(request.client).requires_redirect_uri_at_token:
        return request.required("redirect_uri")
    return request.parameters.get("redirect_uri")
