"""A refresh token is used once. Whoever lost the answer may ask again for a moment and gets the very same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import BigIntegerField, BinaryField, CharField, DateTimeField
from django.utils import timezone

from accounts.prepared import Argument, Select, Update
from keymanager import authorizations, checksums, confirmations, errors
from keymanager.models import Client, RefreshToken

UNUSABLE = "Invalid, expired or revoked refresh token"
SEAL = "answer to a refresh token"
FIND = Select(
    lambda: RefreshToken.objects.defer("created", "updated", "resource").filter(
        token_checksum=Argument("checksum", CharField())
    )
)
CLAIM = Update(
    lambda: RefreshToken.objects.filter(pk=Argument("pk", BigIntegerField()), consumed_at=None, revoked=None),
    consumed_at=Argument("now", DateTimeField()),
)
KEEP_ANSWER = Update(
    lambda: RefreshToken.objects.filter(pk=Argument("pk", BigIntegerField())),
    sealed_answer=Argument("sealed", BinaryField()),
)


def find(token: str, *, client: Client) -> RefreshToken:
    """The row of a token that is this client's and has not expired, used or not."""
    row = FIND.first(checksum=checksums.checksum(token, checksums.REFRESH_TOKEN))
    if row is None or row.application_id != client.pk:
        raise errors.InvalidGrant(UNUSABLE, detail="unknown refresh token, or of another client")
    if row.expires_at <= timezone.now():
        raise errors.InvalidGrant("Refresh token is expired.", detail="expired refresh token")
    return row


def check_key(row: RefreshToken, confirmation: Mapping[str, str]) -> None:
    """RFC 9449 5: the refresh token of a public client works with a proof of the key it was issued to, and no other."""
    if not confirmations.is_held(row.confirmation, confirmation):
        raise errors.InvalidGrant("The refresh token is bound to another key.", detail="key binding")


def claim(row: RefreshToken) -> bool:
    """Whether this use is the first (RFC 9700 4.14.2). Of two at once the second waits for the first to commit."""
    return bool(CLAIM(pk=row.pk, now=timezone.now()))


def check_unused(row: RefreshToken) -> None:
    """Of a token that no use consumes: one that was consumed before its client got such a profile is a replay."""
    row.refresh_from_db(fields=["consumed_at", "revoked"])
    if row.consumed_at is not None or row.revoked is not None:
        raise errors.Replayed(UNUSABLE, authorization_id=row.authorization_id, detail="replayed or revoked")


def hold_authorization(row: RefreshToken) -> None:
    authorization = authorizations.hold(row.authorization_id)
    if authorization is None:
        raise errors.InvalidGrant(UNUSABLE, detail="authorization was revoked")
    row.authorization = authorization


def keep_answer(row: RefreshToken, token: str, answer: dict[str, Any], confirmation: Mapping[str, str]) -> None:
    """Sealed with a key that only the used token gives: the database alone cannot read it."""
    plain = json.dumps([answer, dict(confirmation)]).encode()
    sealed = checksums.seal(plain, checksums.derive(token.encode(), SEAL), str(row.pk))
    KEEP_ANSWER(pk=row.pk, sealed=sealed)


def answer_again(row: RefreshToken, token: str, confirmation: Mapping[str, str]) -> dict[str, Any]:
    """What the first use answered, within the grace period; later, and once revoked, a second use is a replay.

    So it is with another key than the first: what was answered is bound to that one.
    """
    row.refresh_from_db()
    grace = timedelta(seconds=settings.REFRESH_TOKEN_GRACE)
    in_time = row.consumed_at is not None and timezone.now() - row.consumed_at < grace
    if row.revoked is not None or row.sealed_answer is None or not in_time:
        raise errors.Replayed(
            UNUSABLE, authorization_id=row.authorization_id, detail="refresh token replayed or revoked"
        )
    key = checksums.derive(token.encode(), SEAL)
    answer: dict[str, Any]
    answer, bound_to = json.loads(checksums.unseal(bytes(row.sealed_answer), key, str(row.pk)))
    if bound_to != confirmation:
        raise errors.Replayed(UNUSABLE, authorization_id=row.authorization_id, detail="used again with another key")
    return answer
