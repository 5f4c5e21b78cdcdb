"""RFC 6749 6, with rotation (RFC 9700 4.14.2)."""

from __future__ import annotations

from django.db import transaction

from keymanager import errors, oidc, profiles, refresh_tokens, tokens
from keymanager.grants.base import Answer, TokenRequest
from keymanager.models import RefreshToken


@transaction.atomic
def exchange(request: TokenRequest) -> Answer:
    """A new pair for an old refresh token, which it consumes; a retry within the grace period gets the same pair."""
    token = request.required("refresh_token")
    row = refresh_tokens.find(token, client=request.client)
    refresh_tokens.check_key(row, request.confirmation)
    scope = narrowed(row.scope, request.parameters.get("scope", ""))
    refresh_tokens.hold_authorization(row)
    if not profiles.of(request.client).rotates_refresh_tokens:
        return without_rotation(request, row, scope)
    if not refresh_tokens.claim(row):
        return refresh_tokens.answer_again(row, token, request.confirmation)
    answer = tokens.for_authorization(row.authorization, request.content(row.authorization, scope=scope))
    if "openid" in scope.split():
        answer["id_token"] = oidc.id_token(row.authorization, access_token=answer["access_token"])
    refresh_tokens.keep_answer(row, token, answer, request.confirmation)
    return answer


def without_rotation(request: TokenRequest, row: RefreshToken, scope: str) -> Answer:
    """FAPI 2.0 Security Profile 5.3.2.1: "shall not use refresh token rotation except in extraordinary circumstances":
    its clients prove who they are, so that a stolen token is of no use."""
    refresh_tokens.check_unused(row)
    content = request.content(row.authorization, scope=scope)
    answer = tokens.answer(tokens.issue_access_token(content), content)
    if "openid" in scope.split():
        answer["id_token"] = oidc.id_token(row.authorization, access_token=answer["access_token"])
    return answer


def narrowed(authorized: str, asked: str) -> str:
    """RFC 6749 6: the scope asked for "MUST NOT include any scope not originally granted"; left out, it is the same."""
    if not asked:
        return authorized
    if not set(asked.split()) <= set(authorized.split()):
        raise errors.InvalidScope(detail="refresh asks for more than was authorized")
    return " ".join(sorted(set(asked.split())))
