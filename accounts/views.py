"""The account pages that are ours; the others are allauth's (accounts/urls.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.stagekit import clear_login
from allauth.account.stages import LoginStage
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts import authentication_methods, devices
from accounts.models import User

STEP_UP_NEXT = "step_up_next"
View = Callable[..., HttpResponse]


def together(view: View) -> View:
    """What a form changes is written with the mail that tells of it, or not at all. Who reads locks nothing."""
    as_a_whole = transaction.atomic(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            return as_a_whole(request, *args, **kwargs)
        except IntegrityError:
            # Of two at once the other one was quicker; what it wrote is there now, for the form to find.
            return as_a_whole(request, *args, **kwargs)

    return answer


class SignIn(LoginView):  # type: ignore[misc]
    """Coming back to the first step begins anew: as somebody else, or for another application. Who only starts over
    goes on to what waited."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: LoginStage) -> HttpResponse | None:
        clear_login(request)
        waiting = stage.login.redirect_url
        if not waiting or request.method != "GET" or "next" in request.GET:
            return None
        return redirect(f"{request.path}?{urlencode({'next': waiting})}")


sign_in = SignIn.as_view()


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Everything about how one signs in, on one page."""
    user = person(request)
    if wish := get_next_redirect_url(request):
        request.session[STEP_UP_NEXT] = wish
    context = second_factors(user) | {
        "address": user.emailaddress_set.order_by("-primary", "-verified").first(),  # type: ignore[attr-defined]
        "devices": signed_in_devices(request, user),
        "is_wanted": STEP_UP_NEXT in request.session,
    }
    return render(request, "account/security.html", context)


def signed_in_devices(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    here = request.session.session_key
    return [
        {"row": row, "name": devices.named(row.user_agent), "is_this": row.session_id == here}
        for row in devices.of(user)
    ]


def second_factors(user: User) -> dict[str, Any]:
    rows = list(Authenticator.objects.filter(user=user).order_by("pk"))
    kinds = {row.type: row for row in rows}
    codes = kinds.get(Authenticator.Type.RECOVERY_CODES)
    return {
        "app": kinds.get(Authenticator.Type.TOTP),
        "passkeys": [row.wrap() for row in rows if row.type == Authenticator.Type.WEBAUTHN],
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "is_two_step": bool(rows),
    }


@never_cache
@login_required
@require_GET
def go_on(request: HttpRequest) -> HttpResponse:
    """Back to the application that asked for a second factor, which is now there."""
    wish = request.session.pop(STEP_UP_NEXT, None)
    return redirect(authentication_methods.step_up_address(request, wish) if wish else "account_security")


@never_cache
@login_required
@require_POST
def end_device(request: HttpRequest, device: int) -> HttpResponse:
    if devices.is_this(request, person(request), device):
        return redirect("account_logout")  # which knows how a session ends that is in use
    if devices.end(person(request), device):
        messages.success(request, "That device is signed out.")
    else:
        messages.info(request, "That device was signed out already.")
    return redirect("account_security")


@never_cache
@login_required
@require_POST
def end_other_devices(request: HttpRequest) -> HttpResponse:
    count = devices.end_others(person(request), request.session.session_key)
    if count:
        messages.success(request, f"Signed out everywhere else: {count} {'devices' if count > 1 else 'device'}.")
    else:
        messages.info(request, "There was no other device.")
    return redirect("account_security")


@never_cache
@login_required
@require_POST
def download_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes as a file. They are shown once, so the page that shows them sends them along: what comes back
    is what it knew already, and only if it is right."""
    row = Authenticator.objects.filter(user=person(request), type=Authenticator.Type.RECOVERY_CODES).first()
    unused = row.wrap().get_unused_codes() if row else []
    if not unused or request.POST.get("codes", "").split() != unused:
        messages.error(request, "These codes are not in force any more. Generate new ones.")
        return redirect("account_security")
    headers = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
    return HttpResponse("\n".join([*unused, ""]), content_type="text/plain; charset=utf-8", headers=headers)


def person(request: HttpRequest) -> User:
    """Whoever is signed in: each view has made sure that somebody is."""
    return cast("User", request.user)
