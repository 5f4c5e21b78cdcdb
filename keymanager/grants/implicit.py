"""RFC 6749 4.2 and OpenID Connect Core 3.2. Discouraged (RFC 9700 2.1.2) and off unless ticked."""

from __future__ import annotations

from keymanager import oidc, tokens
from keymanager.grants.base import Answer, Approved


def respond(approved: Approved, *, code: str = "") -> Answer:
    """RFC 6749 4.2.2: "The authorization server MUST NOT issue a refresh token." """
    authorization = approved.authorization
    answer: Answer = {}
    if "token" in approved.response_type.split():
        content = tokens.content_of(authorization)
        answer = tokens.answer(tokens.issue_access_token(content), content)
    if "id_token" in approved.response_type.split():
        answer["id_token"] = oidc.id_token(
            authorization,
            nonce=approved.parameters.get("nonce", ""),
            access_token=answer.get("access_token", ""),
            code=code,
            is_alone=approved.response_type == "id_token",
        )
    return answer
