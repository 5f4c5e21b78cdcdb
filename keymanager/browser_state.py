"""OpenID Connect Session Management 1.0: by what a client's page notices that the sign-in in this browser has changed.

The state is a value that names the browser session and that a script may read. It changes when somebody signs in or
out; an authorization answer carries a salted hash of it, which the script of /oauth2/check_session compares.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from accounts import realms
from keymanager import checksums, redirect_uris, scopes
from keymanager.grants.base import Answer, Approved
from keymanager.login import SID, BrowserSession

COOKIE = "__Host-opbs"
PURPOSE = "browser state"


def of(sid: str) -> str:
    """Nothing that the session's cookie could be guessed from."""
    return checksums.checksum(sid, PURPOSE)[:43]


def told(approved: Approved, session: BrowserSession) -> Answer:
    """Session Management 1.0 2: session_state, for the clients that sign people in from web pages."""
    is_openid = scopes.OPENID in approved.authorization.scope.split()
    if not is_openid or not redirect_uris.is_web(approved.redirect_uri):
        return {}
    origin = redirect_uris.origin(approved.redirect_uri)
    return {"session_state": session_state(approved.authorization.client.client_id, origin, of(session.sid))}


def session_state(client_id: str, origin: str, browser_state: str, salt: str = "") -> str:
    """Session Management 1.0 2: "recommended to be … Client ID, origin URL, OP User Agent state, and salt" hashed."""
    salt = salt or secrets.token_urlsafe(12)
    digest = hashlib.sha256(f"{client_id} {origin} {browser_state} {salt}".encode()).digest()
    return f"{urlsafe_b64encode(digest).rstrip(b'=').decode()}.{salt}"


class BrowserStateMiddleware(MiddlewareMixin):
    """Keeps the cookie at what the session is."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if realms.is_keymanager(request) and request.session.accessed:
            follow(request, response)
        return response


def follow(request: HttpRequest, response: HttpResponse) -> None:
    """Set when it differs; removed only when a session's cookie came that names no session any more: in a frame of
    another site it does not come (SameSite), which means nothing."""
    sid, held = request.session.get(SID), request.COOKIES.get(COOKIE)
    if sid and held != of(sid):
        # SameSite=None, without HttpOnly: it is read by a script in a frame, and is good for nothing else.
        response.set_cookie(COOKIE, of(sid), secure=True, samesite="None")
    elif held and not sid and settings.SESSION_COOKIE_NAME in request.COOKIES:
        response.set_cookie(COOKIE, "", max_age=0, secure=True, samesite="None")
