"""Where a device's pair of codes is made, shown to a person, answered by them, and used up (RFC 8628)."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from keymanager import authorization_details, authorizations, checksums, errors, resources, scopes
from keymanager.login import BrowserSession
from keymanager.models import Authorization, Client, DeviceGrant

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
LIFETIME = 600  # seconds
INTERVAL = 5  # seconds between two polls, and how much longer each time one came too soon
# RFC 8628 6.1: no vowels, so that no words come about; 20^8 codes, 34 bits.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE = re.compile(rf"^[{LETTERS}]{{8}}$")
UNUSABLE = "Invalid or used device code"


def issue(client: Client, parameters: dict[str, str]) -> dict[str, Any]:
    """A new pair of codes in the members of RFC 8628 3.2; only their checksums are kept. What the device asks for is
    looked at as at the authorization endpoint (RFC 9396 3 names this one too)."""
    wanted = {
        "scope": scopes.granted(client, parameters.get("scope", "")),
        "resources": resources.check(parameters),
        "authorization_details": authorization_details.check(client, parameters),
    }
    device_code, user_code = checksums.random_value(), unused_user_code()
    DeviceGrant.objects.create(
        device_code_checksum=checksums.checksum(device_code, checksums.DEVICE_CODE),
        user_code_checksum=checksums.checksum(user_code, checksums.USER_CODE),
        client=client,
        interval=INTERVAL,
        expires=timezone.now() + timedelta(seconds=LIFETIME),
        **wanted,
    )
    return {
        "device_code": device_code,
        "user_code": shown(user_code),
        "verification_uri": verification_uri(),
        "verification_uri_complete": verification_uri(user_code),
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }


def unused_user_code() -> str:
    """Eight letters that no row has; with 20^8 of them the first is practically always one."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(8))
        if not DeviceGrant.objects.filter(user_code_checksum=checksums.checksum(code, checksums.USER_CODE)).exists():
            return code


def plain(typed: str) -> str:
    """What a person typed as it was meant. RFC 8628 6.1: case and punctuation are to be ignored."""
    return re.sub(r"[\W_]", "", typed).upper()


def shown(user_code: str) -> str:
    """XXXX-XXXX; a text that is no user code stays as it is."""
    code = plain(user_code)
    return f"{code[:4]}-{code[4:]}" if USER_CODE.match(code) else user_code


def verification_uri(user_code: str = "") -> str:
    """RFC 8628 3.2 and, with the code in it, 3.3.1."""
    query = f"?{urlencode({'user_code': shown(user_code)})}" if user_code else ""
    return f"{settings.ISSUER}/oauth2/device{query}"


def waiting(user_code: str) -> DeviceGrant | None:
    """The device that a person's answer is awaited for, its client still allowed to ask."""
    row = (
        unanswered()
        .select_related("client__user")
        .filter(user_code_checksum=checksums.checksum(plain(user_code), checksums.USER_CODE))
        .first()
    )
    return row if row and not row.client.is_blocked and row.client.has_grant_type(GRANT_TYPE) else None


def unanswered() -> Any:
    return DeviceGrant.objects.filter(status=DeviceGrant.AUTHORIZATION_PENDING, expires__gt=timezone.now())


@transaction.atomic
def approve(row: DeviceGrant, session: BrowserSession) -> bool:
    """Whether this answer is the first. The update is the lock: of two at once the second finds nothing to update."""
    if not unanswered().filter(pk=row.pk).update(status=DeviceGrant.AUTHORIZED, user=session.user):
        return False
    # No `sid`: the device's session is its own, and lives on when this browser signs out.
    authorization = authorizations.record(
        user=session.user,
        client=row.client,
        grant_type=GRANT_TYPE,
        scope=row.scope,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        resources=row.resources,
        authorization_details=row.authorization_details,
    )
    DeviceGrant.objects.filter(pk=row.pk).update(authorization=authorization)
    return True


def deny(row: DeviceGrant, session: BrowserSession) -> bool:
    """Whether this answer is the first."""
    return bool(unanswered().filter(pk=row.pk).update(status=DeviceGrant.DENIED, user=session.user))


def find(device_code: str, *, client: Client) -> DeviceGrant:
    """The row of an unused code that is this client's (RFC 8628 3.4), answered or not."""
    row = DeviceGrant.objects.filter(
        device_code_checksum=checksums.checksum(device_code, checksums.DEVICE_CODE)
    ).first()
    if row is None or row.client_id != client.pk:
        raise errors.InvalidGrant(UNUSABLE, detail="unknown device code, or of another client")
    if row.consumed_at is not None:
        raise errors.InvalidGrant(UNUSABLE, detail="device code used before")
    return row


def check_answer(row: DeviceGrant) -> None:
    """RFC 8628 3.5: returns when a person has approved. Not in a transaction: a poll that came too soon is kept."""
    if row.expires <= timezone.now():
        raise errors.ExpiredToken
    if row.status == DeviceGrant.DENIED:
        raise errors.AccessDenied
    if row.status != DeviceGrant.AUTHORIZED:
        raise errors.AuthorizationPending if in_time(row) else errors.SlowDown


def in_time(row: DeviceGrant) -> bool:
    """Whether the poll kept the interval; else it "MUST be increased by 5 seconds for this and all subsequent"."""
    now = timezone.now()
    unhurried = Q(last_polled_at=None) | Q(last_polled_at__lte=now - timedelta(seconds=row.interval))
    if DeviceGrant.objects.filter(unhurried, pk=row.pk).update(last_polled_at=now):
        return True
    DeviceGrant.objects.filter(pk=row.pk).update(last_polled_at=now, interval=F("interval") + INTERVAL)
    return False


def claim(row: DeviceGrant) -> Authorization:
    """What was authorized, locked before the code is claimed; of two uses at once the second finds nothing to claim.
    Must run in a transaction."""
    authorization = authorizations.hold(row.authorization_id) if row.authorization_id else None
    if authorization is None:
        raise errors.InvalidGrant(UNUSABLE, detail="authorization was revoked")
    claimed = DeviceGrant.objects.filter(pk=row.pk, status=DeviceGrant.AUTHORIZED, consumed_at=None)
    if not claimed.update(consumed_at=timezone.now()):
        raise errors.InvalidGrant(UNUSABLE, detail="device code used at the same moment")
    return authorization
