"""Where a person has to go before a request can be answered: to sign in, to sign in again, to choose an account, to
register, to show a second factor (OpenID Connect Core 3.1.2.1 and 3.1.2.3).

The session is kept meanwhile, so other applications notice nothing. That the demand was met is known from a mark in
the address that the browser comes back by: since when somebody has to have signed in, for exactly this request, signed.
What the request says stays as it was: without the mark `prompt=login` asks again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urljoin

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts import authentication_methods
from keymanager import checksums, errors, login, subjects
from keymanager.authorize import AuthorizationRequest
from keymanager.login import BrowserSession
from keymanager.sign_in_elsewhere import door, refusals

SIGNED_IN_AFTER, ACCOUNT = "signed_in_after", "account"
MARKS = frozenset({SIGNED_IN_AFTER, ACCOUNT})
PURPOSE = "detour"
# A person may have to register and to confirm an address first.
LONGEST = 3600.0  # seconds
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


@dataclass(frozen=True)
class Detour:
    """The address to go to, and what the client hears instead when prompt=none forbids to."""

    address: str
    forbidden: errors.OAuthError


def needed(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession | None) -> Detour | None:
    """The first that is left; None when the request can go on. Raises what no detour can help with."""
    refusals.check(request)
    if session is None:
        return sign_up(request, asked) if "create" in asked.prompts else sign_in(request, asked)
    if not is_fresh(request, asked, session):
        if "create" in asked.prompts:
            return sign_up(request, asked)
        if "login" in asked.prompts or is_too_old(session, asked):
            return sign_in(request, asked, name=session.user.get_username())
        if "select_account" in asked.prompts and not is_chosen(request, asked, session):
            return select_account(request, asked, session)
        if not is_wanted(asked, session):
            return sign_in(request, asked)
    if not is_wanted(asked, session):
        # 3.1.2.1: if somebody else is signed in as a result of the request, "SHOULD return an error, such as
        # login_required".
        raise errors.LoginRequired(detail="another person than the one hinted at")
    return step_up(request, asked, session)


def is_fresh(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession) -> bool:
    """Whether somebody signed in since this request first came."""
    since = first_came(request, asked)
    return since is not None and session.auth_time.timestamp() >= since


def is_too_old(session: BrowserSession, asked: AuthorizationRequest) -> bool:
    return asked.max_age is not None and session.older_than(asked.max_age)


def is_wanted(asked: AuthorizationRequest, session: BrowserSession) -> bool:
    """3.1.2.2: the person is the one of the `sub` asked for, or of the `id_token_hint`."""
    return not asked.subjects or subjects.of(session.user, asked.client) in asked.subjects


def is_chosen(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession) -> bool:
    return hmac.compare_digest(request.GET.get(ACCOUNT, "").encode(errors="replace"), choice(asked, session).encode())


def sign_in(request: HttpRequest, asked: AuthorizationRequest, name: str = "") -> Detour:
    """To the authentication endpoint, which brings the browser back.

    A path is one of our own; a full URL names another server (the page's note on a separate server for authentication).
    """
    if settings.AUTHENTICATION_ELSEWHERE:
        return Detour(door.for_request(asked, way_back(asked, marks(request, asked))), errors.LoginRequired())
    is_marked = bool(asked.prompts or asked.subjects or asked.max_age is not None)
    values = {"next": way_back(asked, marks(request, asked) if is_marked else {})}
    if hint := asked.parameters.get("login_hint", name):
        values["login_hint"] = hint
    endpoint = urljoin(settings.PORTAL_URL, settings.AUTHENTICATION_ENDPOINT_URL)
    return Detour(f"{endpoint}?{urlencode(values)}", errors.LoginRequired())


def sign_up(request: HttpRequest, asked: AuthorizationRequest) -> Detour:
    """Initiating User Registration via OpenID Connect 1.0, 4.1."""
    values = urlencode({"next": way_back(asked, marks(request, asked))})
    return Detour(f"{settings.PORTAL_URL}{reverse('account_signup')}?{values}", errors.LoginRequired())


def select_account(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession) -> Detour:
    values = urlencode({"next": way_back(asked, marks(request, asked) | {ACCOUNT: choice(asked, session)})})
    return Detour(f"{settings.PORTAL_URL}{reverse('keymanager:select-account')}?{values}", errors.LoginRequired())


def step_up(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession) -> Detour | None:
    """OpenID Connect Core 5.5.1.1: an essential `acr` that cannot be had is a failed authentication; one that is only
    preferred is asked for where the person has what it takes."""
    essential = asked.essential_acr
    wanted = essential or asked.preferred_acr[:1]
    if not wanted or any(login.reaches(session.acr, value) for value in wanted):
        return None
    if settings.AUTHENTICATION_ELSEWHERE:
        return step_up_elsewhere(request, asked, session)
    is_reachable = any(login.reaches(authentication_methods.TWO_FACTOR_ACR, value) for value in wanted)
    if not is_reachable or not is_mfa_enabled(session.user, SECOND_FACTORS):
        if essential:
            raise errors.UnmetAuthenticationRequirements(detail=f"{session.acr} for {essential}"[:500])
        return None
    if not essential and "none" in asked.prompts:
        return None
    path = way_back(asked, {name: request.GET[name] for name in MARKS if name in request.GET})
    address = authentication_methods.step_up_address(request, path)
    return Detour(urljoin(settings.PORTAL_URL, address), errors.LoginRequired())


def step_up_elsewhere(request: HttpRequest, asked: AuthorizationRequest, session: BrowserSession) -> Detour | None:
    """The other server is asked once for this request: it says by what means it can have somebody sign in."""
    if not asked.essential_acr:
        return None
    if is_fresh(request, asked, session):
        raise errors.UnmetAuthenticationRequirements(detail=f"{session.acr} for {asked.essential_acr}"[:500])
    return sign_in(request, asked)


def way_back(asked: AuthorizationRequest, marks: Mapping[str, str]) -> str:
    path = login.authorize_path(
        {name: value for name, value in asked.parameters.items() if name not in MARKS}, asked.pushed
    )
    return f"{path}&{urlencode(marks)}" if marks else path


def marks(request: HttpRequest, asked: AuthorizationRequest) -> dict[str, str]:
    """That the request came now, or, once it has such a mark, when it came first."""
    if first_came(request, asked) is not None:
        return {SIGNED_IN_AFTER: request.GET[SIGNED_IN_AFTER]}
    return {SIGNED_IN_AFTER: signed(asked, f"{time.time():.3f}")}


def first_came(request: HttpRequest, asked: AuthorizationRequest) -> float | None:
    mark = request.GET.get(SIGNED_IN_AFTER, "")
    at = mark.rpartition(".")[0]
    if not at or not hmac.compare_digest(mark.encode(errors="replace"), signed(asked, at).encode(errors="replace")):
        return None
    return float(at) if time.time() - float(at) < LONGEST else None


def signed(asked: AuthorizationRequest, at: str) -> str:
    return f"{at}.{proof(asked, at)}"


def choice(asked: AuthorizationRequest, session: BrowserSession) -> str:
    return proof(asked, f"{ACCOUNT} {session.user.pk} {session.sid}")


def proof(asked: AuthorizationRequest, what: str) -> str:
    """Of `what` for this very request: its parameters without the marks."""
    parameters = sorted((name, value) for name, value in asked.parameters.items() if name not in MARKS)
    digest = hashlib.sha256(json.dumps(parameters).encode()).hexdigest()
    return checksums.checksum(f"{digest} {what}".encode(errors="replace").decode(), PURPOSE)


def asks_again(next_path: str, session: BrowserSession | None) -> bool:
    """Whether somebody has to sign in for `next_path` although they are: for the page to be shown, not to decide."""
    values = parse_qs(login.parts_of(next_path).query).get(SIGNED_IN_AFTER, [""])
    try:
        return session is not None and session.auth_time.timestamp() < float(values[0].rpartition(".")[0])
    except ValueError:
        return False
