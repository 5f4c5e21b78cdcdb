"""Somebody comes back from the other server and is signed in at the key manager's door."""

from __future__ import annotations

import secrets
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
    """All of the session or nothing. Of the same person the session goes on, with its public name; somebody else's ends
    first."""
    user = account.user
    session = login.browser_session(request)
    if session is not None and session.user != user:
        leave(request)
    sign_in(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    clear_authentication_records(request)
    record_authentication(request, user, authentication_methods.ELSEWHERE, **how(answer.claims, attempt))
    sid = request.session.setdefault(login.SID, secrets.token_urlsafe(16))
    request.session[ID_TOKEN] = answer.id_token
    attempts.note_answered(request, attempt)
    request.session.save()
    devices.arrive(request, user)
    SessionElsewhere.objects.update_or_create(
        session_id=request.session.session_key,
        defaults={"account": account, "sid_there": text(answer.claims.get("sid")), "sid_here": sid},
    )


def leave(request: HttpRequest) -> None:
    """The session of the person before, with what waits for an answer kept: another tab's sign-in goes on."""
    kept = request.session.get(attempts.ATTEMPTS, [])
    logout(request)
    request.session[attempts.ATTEMPTS] = kept


def how(claims: Claims, attempt: Attempt) -> dict[str, Any]:
    """When and by what means, in the words of the other server. Where a new sign-in was demanded and checked, the two
    clocks may differ by a minute: it was not before we asked for it."""
    at = min(float(claims.get("auth_time", time.time())), time.time())
    amr = claims.get("amr")
    return {
        "at": max(at, attempt.started_at) if attempt.must_be_fresh else at,
        "acr": text(claims.get("acr")),
        "amr": [value for value in amr[:20] if text(value)] if isinstance(amr, list) else [],
    }


def text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST and value.isprintable() else ""
