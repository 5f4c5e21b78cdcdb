"""The key manager's door when people sign in elsewhere: there is no form for a password, a passkey or a new account.

The store's door keeps its own, and so does the password grant: both are for local accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from keymanager.authorize import AuthorizationRequest

PAGES = "/oauth2/account/"
SIGN_IN = frozenset({"sign-in", "account_login"})
SIGN_UP = frozenset({"sign-up", "account_signup"})
# What remains of the account pages: signing out, one's details, choosing an account, and the sign-in elsewhere itself.
KEPT = frozenset(
    {
        *("sign-out", "account_logout", "account_details", "account_inactive", "select-account"),
        *("elsewhere", "elsewhere-callback", "elsewhere-signed-out", "elsewhere-backchannel-logout"),
    }
)
LOOKED_AFTER_THERE = {
    "title": "Not here",
    "sentence": "You sign in on another server. Your password and your second step are looked after there.",
}


class SignInElsewhereMiddleware(MiddlewareMixin):
    """Leads from the pages of our own to the other server; those that have no sense there are not found."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not settings.AUTHENTICATION_ELSEWHERE or not request.path_info.startswith(PAGES):
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if name in KEPT:
            return None
        if name in SIGN_IN:
            # Who is signed in and asks for the page wants to be somebody else.
            return redirect(address(request, "login" if request.user.is_authenticated else ""))
        if name in SIGN_UP:
            return redirect(address(request, "create"))
        return render(request, "problem.html", LOOKED_AFTER_THERE, status=404)


def address(request: HttpRequest, prompt: str) -> str:
    values = {"next": request.GET.get("next", ""), "login_hint": request.GET.get("login_hint", ""), "prompt": prompt}
    return start(values)


def start(values: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{settings.PORTAL_URL}{reverse('keymanager:elsewhere')}" + (f"?{query}" if query else "")


def for_request(asked: AuthorizationRequest, next_path: str) -> str:
    """Where the browser goes for an authorization request, whose demands are passed on."""
    essential = asked.essential_acr
    max_age = "" if asked.max_age is None else str(asked.max_age)
    return start(
        {
            "next": next_path,
            "prompt": " ".join(sorted(asked.prompts)),
            "max_age": max_age,
            "acr_values": " ".join(essential or asked.preferred_acr),
            "acr": "essential" if essential else "",
            "login_hint": asked.parameters.get("login_hint", ""),
            "ui_locales": asked.parameters.get("ui_locales", ""),
        }
    )
