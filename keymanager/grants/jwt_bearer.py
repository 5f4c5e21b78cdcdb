"""RFC 7523 2.1, with RFC 7521 4.1: somebody who is trusted says, and signs, for whom the client acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from keymanager import (
    assertion_uses,
    authorizations,
    errors,
    http_uris,
    json_web_tokens,
    scopes,
    tokens,
    trusted_issuers,
)
from keymanager.assertion_models import TrustedIssuer
from keymanager.grants.base import Answer, TokenRequest
from keymanager.json_web_tokens import Refused, is_for, text
from keymanager.models import TokenHolder

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# RFC 7523 names no `typ`; draft-ietf-oauth-rfc7523bis has one of its own.
TYPES = ("", "jwt", "authorization-grant+jwt")


def exchange(request: TokenRequest) -> Answer:
    """RFC 7521 4.1.1: an assertion that is "not valid, or has expired" is invalid_grant, whatever is wrong with it.

    Verified before the transaction: keys may have to be fetched, and nobody should wait for that.
    """
    assertion = request.required("assertion")
    try:
        issuer, claims = verified(request, assertion)
        return issue(request, trusted_issuers.person(issuer, claims), claims)
    except Refused as fault:
        raise errors.InvalidGrant(detail=f"assertion: {fault}") from None


def verified(request: TokenRequest, assertion: str) -> tuple[TrustedIssuer, dict[str, Any]]:
    """RFC 7523 3, by the keys of the issuer that it names."""
    unverified = json_web_tokens.read(assertion)
    issuer = trusted_issuers.find(text(unverified.claims, "iss"), client=request.client)
    claims = json_web_tokens.verified(
        assertion,
        issuer,
        types=TYPES,
        audience=is_for(settings.ISSUER, *http_uris.of(request.http)),
        longest=issuer.longest_lifetime,
    )
    text(claims, "sub")  # RFC 7523 3: "The JWT MUST contain a "sub" (subject) claim"
    return issuer, claims


@transaction.atomic
def issue(request: TokenRequest, user: User, claims: dict[str, Any]) -> Answer:
    """No refresh token: RFC 7521 4.1 has the client ask again "using the same assertion, if it is still valid, or with
    a new assertion". No ID token: nobody signed in here."""
    assertion_uses.use(claims, purpose="authorization grant")
    authorization = authorizations.record(
        user=user,
        client=request.client,
        grant_type=GRANT_TYPE,
        scope=scopes.granted(request.client, request.parameters.get("scope", "")),
        auth_time=issued_at(claims),
    )
    holder = TokenHolder(client=request.client, user=user, grant_type=GRANT_TYPE)
    TokenHolder.objects.bulk_create([holder], ignore_conflicts=True)
    content = request.content(authorization)
    return tokens.answer(tokens.issue_access_token(content), content)


def issued_at(claims: dict[str, Any]) -> datetime:
    """When the issuer vouched for the person, which is all that is known of a sign-in."""
    return datetime.fromtimestamp(claims["iat"], UTC) if "iat" in claims else timezone.now()
