"""Where an authorization code is made, and where it becomes a token: `redeem`."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, CharField, DateTimeField
from django.utils import timezone

from accounts.prepared import Argument, Insert, Select, Update
from keymanager import authorizations, checksums, client_cache, confirmations, errors, profiles
from keymanager.models import AuthorizationCode, Client

if TYPE_CHECKING:
    from keymanager.grants.base import Approved

# RFC 7636 4.1: 43 to 128 unreserved characters.
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
STORE = Insert(AuthorizationCode)
UNREAD = ("created", "updated", "claims", "resource", "consumed_at")
FIND = Select(
    lambda: (
        AuthorizationCode.objects.select_for_update(of=("authorization",))
        .select_related("authorization__user")
        .defer(*UNREAD, *(f"authorization__{name}" for name in authorizations.UNREAD if name != "revoked_at"))
        .filter(checksum=Argument("checksum", CharField()))
    )
)
CLAIM = Update(
    lambda: AuthorizationCode.objects.filter(pk=Argument("pk", BigIntegerField()), consumed_at=None),
    consumed_at=Argument("now", DateTimeField()),
)
UNUSABLE = "Invalid / Inactive / Expired or Revoked authorization code received from token request"


def issue(approved: Approved) -> str:
    """A new code for what was approved (RFC 6749 4.1.2); only its checksum is kept."""
    code = checksums.random_value()
    authorization = approved.authorization
    STORE(
        checksum=checksums.checksum(code, checksums.CODE),
        authorization_id=authorization.pk,
        user_id=authorization.user_id,
        application_id=authorization.client_id,
        expires=timezone.now() + timedelta(seconds=profiles.code_lifetime(authorization.client)),
        redirect_uri=approved.redirect_uri,
        scope=authorization.scope,
        nonce=approved.parameters.get("nonce", ""),
        code_challenge=approved.parameters.get("code_challenge", ""),
        code_challenge_method=approved.parameters.get("code_challenge_method", ""),
        dpop_jkt=approved.parameters.get("dpop_jkt", ""),
    )
    return code


def redeem(
    code: str, *, client: Client, redirect_uri: str | None, verifier: str, confirmation: Mapping[str, str]
) -> AuthorizationCode:
    """The code's row, claimed for this exchange, its authorization locked. Must run inside the exchange's transaction.

    RFC 6749 4.1.3: "ensure that the authorization code was issued to the authenticated confidential client", "verify
    that the authorization code is valid" and "ensure that the redirect_uri parameter is present … and that their values
    are identical". Single use comes last: only who proved possession may set off what a replay sets off.
    """
    row = find(code)
    check_client(row, client)
    check_expiry(row)
    check_redirect_uri(row, redirect_uri)
    check_verifier(row, verifier)
    check_key(row, confirmation)
    check_authorization(row)
    claim(row)
    return row


def find(code: str) -> AuthorizationCode:
    """Its authorization is locked with it, as `authorizations.hold` does: a revocation comes before, or after."""
    row = FIND.first(checksum=checksums.checksum(code, checksums.CODE))
    if row is None:
        raise errors.InvalidGrant(UNUSABLE, detail="unknown code")
    return row


def check_client(row: AuthorizationCode, client: Client) -> None:
    if row.application_id != client.pk:
        raise errors.InvalidGrant(UNUSABLE, detail="code of another client")


def check_expiry(row: AuthorizationCode) -> None:
    if row.expires <= timezone.now():
        raise errors.InvalidGrant(UNUSABLE, detail="expired code")


def check_redirect_uri(row: AuthorizationCode, redirect_uri: str | None) -> None:
    """Left out, where it may be, a challenge has to stand in for it (OAuth 2.1 10.2)."""
    if row.redirect_uri != redirect_uri and not (redirect_uri is None and row.code_challenge):
        raise errors.InvalidGrant("Callback url mismatch", detail="redirect_uri differs from the authorization request")


def check_verifier(row: AuthorizationCode, verifier: str) -> None:
    """RFC 7636 4.6; and RFC 9700 2.1.1: a verifier without a challenge is a downgrade attempt."""
    if not row.code_challenge:
        if verifier:
            raise errors.InvalidGrant("PKCE validation failed", detail="verifier sent, but no challenge was")
        return
    if not verifier:
        raise errors.InvalidGrant("Empty PKCE code_verifier sent.", detail="challenge was sent, verifier was not")
    if not VERIFIER.fullmatch(verifier):
        raise errors.InvalidGrant("Code verifier used is not up to RFC 7636 specifications.", detail="form of verifier")
    shown = challenge(verifier) if row.code_challenge_method == "S256" else verifier
    if not hmac.compare_digest(shown, row.code_challenge):
        raise errors.InvalidGrant("PKCE validation failed", detail="wrong verifier")


def check_key(row: AuthorizationCode, confirmation: Mapping[str, str]) -> None:
    """RFC 9449 10: the key of the proof and `dpop_jkt`: "If they do not match, it MUST reject the request." """
    if row.dpop_jkt and not confirmations.is_held({"jkt": row.dpop_jkt}, confirmation):
        raise errors.InvalidGrant("The code is bound to another DPoP key.", detail="dpop_jkt")


def challenge(verifier: str) -> str:
    """S256 of RFC 7636 4.2."""
    return checksums.s256(verifier.encode())


def claim(row: AuthorizationCode) -> None:
    """RFC 6749 4.1.2: "The client MUST NOT use the authorization code more than once."

    Of two exchanges the second waits for the first to commit and then finds nothing to update.
    """
    if not CLAIM(pk=row.pk, now=timezone.now()):
        raise errors.Replayed(UNUSABLE, authorization_id=row.authorization_id, detail="code replayed")


def check_authorization(row: AuthorizationCode) -> None:
    authorization = row.authorization
    known = client_cache.find_by_key(authorization.client_id)
    if authorization.revoked_at is not None or known is None:
        raise errors.InvalidGrant(UNUSABLE, detail="authorization was revoked")
    authorization.client = known.client
