"""Signing out both ways: here, then there (RP-Initiated Logout 1.0), or there, then here (Back-Channel Logout 1.0)."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import devices
from accounts.models import SessionElsewhere, User
from keymanager import assertion_uses, authorize, checksums, json_web_tokens
from keymanager.sign_in_elsewhere import id_tokens, providers
from keymanager.sign_in_elsewhere.arrivals import ID_TOKEN
from keymanager.sign_in_elsewhere.failures import Failure
from keymanager.sign_in_elsewhere.id_tokens import Claims
from keymanager.sign_in_elsewhere.providers import Provider

SIGNING_OUT = "signing_out_elsewhere"
STATE, LOGOUT_TOKEN = "sign-out elsewhere state", "logout token"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
# For as long a logout token may be on its way (2.6 leaves it to us how old one may be).
LIFETIME = 600


def hint_of(request: HttpRequest) -> str:
    """The ID token by which the session began, empty when it did not begin there; to be kept over its end."""
    return str(request.session.get(ID_TOKEN, ""))


def keep_hint(request: HttpRequest, hint: str) -> None:
    if hint:
        request.session[ID_TOKEN] = hint


def way_out(request: HttpRequest, location: str) -> str:
    """Where the browser goes after it was signed out here: to the other server, to be signed out there too, and from
    there back and on to `location`. Just `location` when the session did not come from there, or nobody can say."""
    hint = request.session.pop(ID_TOKEN, "")
    if not hint or not settings.AUTHENTICATION_ELSEWHERE:
        return location
    try:
        provider = providers.provider()
    except Failure:
        return location
    if not provider.end_session_endpoint:
        return location
    state = checksums.random_value()
    request.session[SIGNING_OUT] = (checksums.checksum(state, STATE), location)
    values = {
        "id_token_hint": hint,
        "client_id": settings.AUTHENTICATION_CLIENT_ID,
        "post_logout_redirect_uri": f"{settings.PORTAL_URL}{reverse('keymanager:elsewhere-signed-out')}",
        "state": state,
    }
    return authorize.appended(provider.end_session_endpoint, urlencode(values), fragment=False)


def after_sign_out(location: str) -> str:
    """Empty instead of our own sign-in page, which would lead right back to the other server."""
    return "" if settings.AUTHENTICATION_ELSEWHERE and location == reverse("account_login") else location


def came_back(request: HttpRequest, state: str) -> str:
    """The location that waited; empty when this browser was not on its way."""
    key, location = request.session.pop(SIGNING_OUT, ("", ""))
    is_mine = key == checksums.checksum(state.encode(errors="replace").decode(), STATE)
    return str(location) if is_mine else ""


def logout_claims(token: str, provider: Provider) -> Claims:
    """Back-Channel Logout 1.0 2.6. Raises Failure."""
    claims = id_tokens.signed_claims(token, provider, kinds=("JWT", "logout+jwt"))
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise Failure("not the event of a logout token")
    # "Verify that the Logout Token does not contain a nonce Claim."
    if "nonce" in claims:
        raise Failure("an ID token, which is none to log out with")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
        raise Failure("neither sub nor sid")
    if any(name in claims and not id_tokens.is_subject(claims[name]) for name in ("sub", "sid", "jti")):
        raise Failure("a sub, sid or jti that is none")
    if "jti" not in claims:
        raise Failure("no jti")
    if claims["iat"] < time.time() - LIFETIME:
        raise Failure("too old")
    return claims


@transaction.atomic
def end_sessions(provider: Provider, claims: Claims) -> int:
    """Every session here that came from the one there, or from any of the person's; how many. Raises Failure for a
    token that was used before."""
    try:
        # Remembered for longer than it can be young enough.
        assertion_uses.use(claims | {"exp": time.time() + 2 * LIFETIME}, purpose=LOGOUT_TOKEN)
    except json_web_tokens.Refused as used:
        raise Failure(f"this logout token was {used}") from used
    rows = SessionElsewhere.objects.filter(account__issuer=provider.issuer)
    if "sub" in claims:
        rows = rows.filter(account__subject=claims["sub"])
    if "sid" in claims:
        rows = rows.filter(sid_there=claims["sid"])
    people = User.objects.filter(linked_accounts__sessions__in=rows).distinct().order_by("pk")
    return sum(
        devices.end_sessions(user, Session.objects.filter(elsewhere__in=rows, elsewhere__account__user=user))
        for user in people
    )
