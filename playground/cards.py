"""The token as the page shows it: shortened, taken apart, and how long it lives."""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from playground.attempts import Token
from playground.traces import shorten


@dataclass(frozen=True)
class Card:
    """`header` and `claims` are pretty JSON, empty for an opaque token; `expires_at` in ISO 8601, empty if unknown."""

    short: str
    whole: str
    header: str
    claims: str
    scope: str
    lifetime: str
    expires_at: str
    expired: bool
    refresh_token: bool
    identity: str
    identity_problem: str
    subject: str


def of_token(token: Token) -> Card:
    header, claims = decode(token.access_token)
    left = token.expires_at - time.time()
    return Card(
        short=shorten_more(token.access_token),
        whole=token.access_token,
        header=header,
        claims=claims,
        scope=token.scope or "none",
        lifetime=lifetime(token, left),
        expires_at=datetime.fromtimestamp(token.expires_at, UTC).isoformat() if token.expires_at else "",
        expired=bool(token.expires_at) and left <= 0,
        refresh_token=bool(token.refresh_token),
        identity=json.dumps(token.identity, indent=2, ensure_ascii=False) if token.identity else "",
        identity_problem=token.identity_problem,
        subject=str(token.identity.get("sub", "")),
    )


def shorten_more(token: str) -> str:
    """Long tokens show more of their beginning: the first part of a JWT says what it is."""
    return f"{token[:24]}…{token[-6:]}" if len(token) > 60 else shorten(token)


def lifetime(token: Token, left: float) -> str:
    """`in 59:47`, or that it is over, or that the server did not say."""
    if not token.expires_at:
        return "the server did not say"
    if left <= 0:
        return "expired"
    minutes, seconds = divmod(int(left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"in {hours}:{minutes:02}:{seconds:02}" if hours else f"in {minutes}:{seconds:02}"


def decode(token: str) -> tuple[str, str]:
    """Header and claims of a JWT as pretty JSON, two empty strings for an opaque token. Decoded only, not verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return "", ""
    try:
        header, claims = (json.loads(_bytes(part)) for part in parts[:2])
    except (ValueError, binascii.Error):
        return "", ""
    return json.dumps(header, indent=2), json.dumps(claims, indent=2, ensure_ascii=False)


def _bytes(part: str) -> bytes:
    """RFC 7515 2: base64url without padding."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
