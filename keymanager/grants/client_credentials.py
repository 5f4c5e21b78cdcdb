"""RFC 6749 4.4."""

from __future__ import annotations

from keymanager import authorization_details, errors, resources, scopes, tokens
from keymanager.grants.base import Answer, TokenRequest

# A token for longer than this is a mistake in the caller's unit, not a wish.
LONGEST_VALIDITY = 365 * 24 * 3600


def exchange(request: TokenRequest) -> Answer:
    """An application token. No refresh token: RFC 6749 4.4.3."""
    if request.client.is_public:
        raise errors.UnauthorizedClient(detail="4.4: MUST only be used by confidential clients")
    scope = scopes.granted(request.client, request.parameters.get("scope", ""))
    lifetime = validity_period(request.parameters.get("validity_period", ""))
    details = authorization_details.check(request.client, request.parameters)
    content = tokens.Content(
        client=request.client,
        scope=scope,
        lifetime=lifetime,
        audience=resources.check(request.parameters),
        confirmation=request.confirmation,
        extra={"authorization_details": details} if details else {},
    )
    return tokens.answer(tokens.issue_access_token(content), content)


def validity_period(text: str) -> int | None:
    """Seconds asked for by the original's parameter of that name (wso2-2.6.md section 5); None: the client's own."""
    if not text:
        return None
    # The length first, which leading zeros do not count to: a long row of digits costs time to read.
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    if not 0 < len(digits) <= len(str(LONGEST_VALIDITY)) or int(digits) > LONGEST_VALIDITY:
        raise errors.InvalidRequest(f"validity_period is a number of seconds from 1 to {LONGEST_VALIDITY}.")
    return int(digits)
