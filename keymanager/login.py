"""Whether somebody is signed in at the key manager's door, since when, and where to send those who are not."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts.models import User
from keymanager import pushed_requests, sessions
from keymanager.models import Client
from keymanager.pushed_models import PushedRequest

SID = "sid"
# In the session of somebody who has to sign in anew: whose it was, and its public name.
EARLIER = "earlier"


@dataclass(frozen=True, kw_only=True)
class BrowserSession:
    """Who is signed in in this browser, the session's public name, and when they signed in (OIDC Core 2, auth_time)."""

    user: User
    sid: str
    auth_time: datetime

    def older_than(self, seconds: int) -> bool:
        return timezone.now() - self.auth_time > timedelta(seconds=seconds)


def browser_session(request: HttpRequest) -> BrowserSession | None:
    user = request.user
    if not isinstance(user, User):
        return None
    sid = request.session.get(SID)
    if sid is None:
        sid = request.session[SID] = earlier_sid(request, user) or secrets.token_urlsafe(16)
    return BrowserSession(user=user, sid=sid, auth_time=auth_time(request))


def earlier_sid(request: HttpRequest, user: User) -> str | None:
    """The session's name before they had to sign in anew; somebody else's session ends when this one begins."""
    owner, sid = request.session.pop(EARLIER, (None, None))
    if owner is not None and owner != user.pk:
        for earlier in User.objects.filter(pk=owner):
            sessions.end(earlier, sid)
    return sid if owner == user.pk else None


def auth_time(request: HttpRequest) -> datetime:
    """When the last of the methods used to sign in in this session succeeded; not the user's last login elsewhere."""
    methods = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or [{"at": 0}]
    return datetime.fromtimestamp(methods[-1]["at"], UTC)


def ask(parameters: dict[str, str], pushed: PushedRequest | None = None) -> HttpResponse:
    """To the authentication endpoint, which brings the browser back to the same authorization request.

    A path is one of our own; a full URL names another server (the page's note on a separate server for authentication).
    """
    endpoint = urljoin(settings.PORTAL_URL, settings.AUTHENTICATION_ENDPOINT_URL)
    return HttpResponseRedirect(f"{endpoint}?{urlencode({'next': authorize_path(parameters, pushed)})}")


def ask_again(request: HttpRequest, parameters: dict[str, str], pushed: PushedRequest | None = None) -> HttpResponse:
    """OIDC Core 3.1.2.1, prompt=login and max_age: sign in anew, after which the request is the same without prompt."""
    session = browser_session(request)
    logout(request)
    if session is not None:
        request.session[EARLIER] = session.user.pk, session.sid
    return ask({name: value for name, value in parameters.items() if name != "prompt"}, pushed)


def authorize_path(parameters: dict[str, str], pushed: PushedRequest | None = None) -> str:
    """The way back to a request; of one that is kept here it says no more than which (RFC 9126 4)."""
    return f"/oauth2/authorize?{urlencode(pushed_requests.carried(parameters, pushed))}"


def waiting_client(next_path: str) -> tuple[Client | None, str]:
    """The client whose authorization request the login page was asked for, and the host its answer goes to."""
    address = urlsplit(next_path)
    if address.path != "/oauth2/authorize":
        return None, ""
    values = {name: texts[0] for name, texts in parse_qs(address.query).items()}
    client = Client.objects.filter(client_id=values.get("client_id", "").replace("\x00", "")).first()
    if client is not None and "request_uri" in values:
        row = pushed_requests.find(client, values["request_uri"])
        values = row.parameters if row else {}
    return client, urlsplit(values.get("redirect_uri", "")).netloc
