"""A sign-in that does not meet the demand of the waiting request: the client hears of it, once, by the request itself,
which is checked again like any other before anything is sent to its redirect URI."""

from __future__ import annotations

from django.http import HttpRequest

from keymanager import checksums, errors
from keymanager.sign_in_elsewhere.attempts import WAY_BACK

REFUSED = "refused_elsewhere"
ERRORS = {error.error: error for error in (errors.LoginRequired, errors.UnmetAuthenticationRequirements)}


def note(request: HttpRequest, path: str, error: errors.OAuthError) -> None:
    request.session[REFUSED] = (checksums.checksum(path, WAY_BACK), error.error)


def waits(request: HttpRequest, path: str) -> bool:
    return bool(request.session.get(REFUSED, ("", ""))[0] == checksums.checksum(path, WAY_BACK))


def check(request: HttpRequest) -> None:
    """Raises the error that was noted for this very request."""
    if waits(request, request.get_full_path()):
        _, error = request.session.pop(REFUSED)
        raise ERRORS[error](detail="signed in elsewhere, but not as demanded")
