"""Signing out of this browser, and where the browser goes from there (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows import logout
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from keymanager import authorize, clients, errors, id_token_hints, login, sessions, subjects
from keymanager.login import BrowserSession
from keymanager.models import Client, ClientURI
from keymanager.sign_in_elsewhere import departures


@dataclass(frozen=True, kw_only=True)
class LogoutRequest:
    """A client's wish that the person signs out. `redirect_uri` is one of its own, or empty; `hint` the claims of the
    ID token that it showed."""

    client: Client | None
    hint: dict[str, Any] | None
    redirect_uri: str
    state: str | None

    def is_of(self, session: BrowserSession) -> bool:
        """RP-Initiated Logout 1.0 2: the person "MUST" be asked "if an id_token_hint was not provided or if the
        supplied ID Token does not belong to the current OP session with the RP and/or currently logged in End-User"."""
        if self.client is None or self.hint is None:
            return False
        return (self.hint.get("sid"), self.hint["sub"]) == (session.sid, subjects.of(session.user, self.client))

    @property
    def location(self) -> str:
        """Where the browser goes afterwards; empty when nowhere."""
        if not self.redirect_uri or self.state is None:
            return self.redirect_uri
        return authorize.appended(self.redirect_uri, urlencode({"state": self.state}), fragment=False)


def check(parameters: dict[str, str]) -> LogoutRequest:
    """RP-Initiated Logout 1.0 2 and 4; InvalidRequest leads to a page, never back to the client."""
    hint = id_token_hints.read(parameters.get("id_token_hint", ""))
    client = client_of(parameters, hint)
    redirect_uri = redirect_uri_of(client, parameters)
    return LogoutRequest(client=client, hint=hint, redirect_uri=redirect_uri, state=parameters.get("state"))


def client_of(parameters: dict[str, str], hint: dict[str, Any] | None) -> Client | None:
    """2: "When both client_id and id_token_hint are present, the OP MUST verify that the Client Identifier matches the
    one used as the audience of the ID Token."""
    client_id = parameters.get("client_id")
    if client_id is None:
        return clients.find(hint["aud"]) if hint else None
    if hint is not None and hint["aud"] != client_id:
        raise errors.InvalidRequest("The id_token_hint was not issued to this client_id.")
    client = clients.find(client_id)
    if client is None:
        raise errors.InvalidRequest("No application is known here by this client id.")
    return client


def redirect_uri_of(client: Client | None, parameters: dict[str, str]) -> str:
    """3: "the OP MUST NOT perform post-logout redirection if the post_logout_redirect_uri value supplied does not
    exactly match one of the previously registered post_logout_redirect_uris values."

    A client that registered none is no client that mistyped one: its people are signed out and stay here.
    """
    uri = parameters.get("post_logout_redirect_uri", "")
    if not uri:
        return ""
    if client is None:
        raise errors.InvalidRequest("A post_logout_redirect_uri needs an id_token_hint or a client_id.")
    registered = [row.uri for row in client.uris.all() if row.kind == ClientURI.Kind.POST_LOGOUT]
    if registered and uri not in registered:
        raise errors.InvalidRequest("The post_logout_redirect_uri is not one of this application's.")
    return uri if registered else ""


@transaction.atomic
def sign_out(request: HttpRequest, *, show_message: bool = False) -> list[str]:
    """Ends the session of this browser, one that waits for a new sign-in included; the addresses that are to be opened
    in frames (Front-Channel Logout 1.0 3). Twice is once."""
    told = [address for user, sid in of_browser(request) for address in frames(sessions.end(user, sid), sid)]
    hint = departures.hint_of(request)
    logout.logout(request, show_message=show_message)
    request.session.pop(login.EARLIER, None)
    departures.keep_hint(request, hint)
    return told


def of_browser(request: HttpRequest) -> list[tuple[User, str]]:
    session = login.browser_session(request)
    if session is not None:
        return [(session.user, session.sid)]
    owner, sid = request.session.get(login.EARLIER, (None, None))
    return [(user, sid) for user in User.objects.filter(pk=owner)] if owner else []


def frames(took_part: Sequence[Client], sid: str) -> list[str]:
    """Front-Channel Logout 1.0 2: with `iss` and `sid` when the client wants them; a query it has is kept."""
    addresses = []
    for client in took_part:
        address = client.registered("frontchannel_logout_uri")
        if address and client.registered("frontchannel_logout_session_required"):
            address = authorize.appended(address, urlencode({"iss": settings.ISSUER, "sid": sid}), fragment=False)
        addresses.append(address)
    return [address for address in addresses if address]
