"""Browsers in which somebody has signed in before: wrong passwords are counted apart there, so that whoever guesses an
account's password elsewhere keeps strangers out, and not its owner (OWASP calls these device cookies).

The cookie lets nobody in and names nobody: it has a random mark for each account, under a keyed checksum of its name.
"""

from __future__ import annotations

import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts.models import User

COOKIE = "__Host-known-browser"
SALT = "accounts.known_browsers"
MOST = 5  # accounts of one browser
SECONDS = 365 * 24 * 3600


def mark(request: HttpRequest, username: str) -> str:
    """Of this browser, for the account of that name; empty where it has not signed in here."""
    return marks(request).get(checksum(username), "")


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """The mark stays what it was: to sign in again begins no new count."""
    own, known = checksum(user.username), marks(request)
    others = [item for item in known.items() if item[0] != own]
    kept = dict([(own, known.get(own) or secrets.token_urlsafe(9)), *others][:MOST])
    value = signing.dumps(kept, salt=SALT)
    response.set_cookie(COOKIE, value, max_age=SECONDS, secure=True, httponly=True, samesite="Lax")


def marks(request: HttpRequest) -> dict[str, str]:
    """By checksum, the account that signed in last first."""
    try:
        found: dict[str, str] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    return found


def checksum(username: str) -> str:
    return salted_hmac(SALT, username.lower(), algorithm="sha256").hexdigest()[:24]
