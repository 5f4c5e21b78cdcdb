"""Whether somebody is signed in at the key manager's door, since when, and how; and which application waits for it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from accounts import authentication_methods
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
    acr: str
    amr: list[str]

    def older_than(self, seconds: int) -> bool:
        return timezone.now() - self.auth_time > timedelta(seconds=seconds)


def browser_session(request: HttpRequest) -> BrowserSession | None:
    user = request.user
    if not isinstance(user, User):
        return None
    sid = request.session.get(SID)
    if sid is None:
        sid = request.session[SID] = earlier_sid(request, user) or secrets.token_urlsafe(16)
    return BrowserSession(
        user=user,
        sid=sid,
        auth_time=auth_time(request),
        acr=authentication_methods.acr(request),
        amr=authentication_methods.amr(request),
    )


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


def reaches(acr: str, wanted: str) -> bool:
    """Whether `acr` is at least `wanted`, which may be a value that nobody knows; two of another server's are not
    compared, only the same is enough."""
    if acr == wanted:
        return acr not in ("", authentication_methods.UNKNOWN_ACR)
    known = authentication_methods.ACR_VALUES
    return acr in known and wanted in known and known.index(acr) >= known.index(wanted)


def authorize_path(parameters: dict[str, str], pushed: PushedRequest | None = None) -> str:
    """The way back to a request; of one that is kept here it says no more than which (RFC 9126 4)."""
    return f"/oauth2/authorize?{urlencode(pushed_requests.carried(parameters, pushed))}"


def waiting_client(next_path: str) -> tuple[Client | None, str]:
    """The client whose authorization request the login page was asked for, and the host its answer goes to."""
    address = parts_of(next_path)
    if address.path != "/oauth2/authorize":
        return None, ""
    values = {name: texts[0] for name, texts in parse_qs(address.query).items()}
    client = Client.objects.filter(client_id=values.get("client_id", "").replace("\x00", "")).first()
    if client is not None and "request_uri" in values:
        row = pushed_requests.find(client, values["request_uri"])
        values = row.parameters if row else {}
    return client, parts_of(values.get("redirect_uri", "")).netloc


def parts_of(address: str) -> SplitResult:
    """Of an address that anybody may have written; all are empty when it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
