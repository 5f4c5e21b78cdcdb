"""Somebody comes back from the other server and is signed in at the key manager's door."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import clear_authentication_records, record_authentication
from django.conf import settings
from django.contrib.auth import login as sign_in, logout
from django.db import transaction
from django.http import HttpRequest

from accounts import authentication_methods, devices, linked_accounts
from accounts.models import LinkedAccount, SessionElsewhere
from keymanager import login
from keymanager.sign_in_elsewhere import answers, attempts
from keymanager.sign_in_elsewhere.answers import Answer
from keymanager.sign_in_elsewhere.attempts import Attempt
from keymanager.sign_in_elsewhere.failures import Deactivated
from keymanager.sign_in_elsewhere.id_tokens import Claims
from keymanager.sign_in_elsewhere.providers import Provider

ID_TOKEN = "id_token_elsewhere"
LONGEST = 255
# What an authorization keeps of it (Authorization.acr).
LONGEST_ACR = 100


def account_of(provider: Provider, answer: Answer) -> LinkedAccount:
    subject = answer.claims["sub"]
    known = linked_accounts.find(provider.issuer, subject)
    if known is None:
        details = answers.with_details(provider, answer)
        known = linked_accounts.find_or_create(provider.issuer, subject, details)
    if not known.user.is_active:
        raise Deactivated(f"{known} is {known.user}")
    return known


@transaction.atomic
def arrive(request: HttpRequest, account: LinkedAccount, answer: Answer, attempt: Attempt) -> None:
    """All of the session or nothing."""
    user = account.user
    step_out(request)
    sign_in(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    clear_authentication_records(request)
    record_authentication(request, user, authentication_methods.ELSEWHERE, **how(answer.claims, attempt))
    login.browser_session(request)
    # For as long as the browser is open: how long somebody is remembered is for the other server to say.
    request.session.set_expiry(0)
    request.session[ID_TOKEN] = answer.id_token
    attempts.note_answered(request, attempt)
    request.session.save()
    devices.arrive(request, user)
    sid = text(answer.claims.get("sid"))
    SessionElsewhere.objects.create(session_id=str(request.session.session_key), account=account, sid_there=sid)


def step_out(request: HttpRequest) -> None:
    """The sign-in begins from nothing, but what other tabs wait for is kept. Of the same person the session's name goes
    on; somebody else's session ends when the new one begins (keymanager/login.py)."""
    session = login.browser_session(request)
    if session is None:
        return
    kept = {name: request.session[name] for name in (attempts.ATTEMPTS, attempts.ANSWERED) if name in request.session}
    logout(request)
    request.session.update(kept)
    request.session[login.EARLIER] = session.user.pk, session.sid


def how(claims: Claims, attempt: Attempt) -> dict[str, Any]:
    """When and by what means, in the words of the other server. Where a new sign-in was demanded and checked, the two
    clocks may differ by a minute: it was not before we asked for it."""
    at = min(float(claims.get("auth_time", time.time())), time.time())
    amr = claims.get("amr")
    return {
        "at": max(at, attempt.started_at) if attempt.must_be_fresh else at,
        "acr": text(claims.get("acr"), longest=LONGEST_ACR),
        "amr": [value for value in amr[:20] if text(value)] if isinstance(amr, list) else [],
    }


def text(value: Any, *, longest: int = LONGEST) -> str:
    return value if isinstance(value, str) and len(value) <= longest and value.isprintable() else ""
