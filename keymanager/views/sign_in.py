"""The pages at the key manager's door where somebody signs in or registers for the application that waits."""

from __future__ import annotations

from typing import Any

from allauth.account.views import SignupView
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.views import SignIn as AccountSignIn
from keymanager import detours, login
from keymanager.views.answers import see_other

LONGEST_NAME = 150


class ForApplication:
    """Names the application; shows its form also to those who are signed in, when they have to do so again."""

    request: HttpRequest
    signed_in: User | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session = login.browser_session(request)
        if session is not None and detours.asks_again(next_of(request), session):
            # Until the form was filled in nobody is signed in on this page; the session stays as it is.
            self.signed_in, request.user = session.user, AnonymousUser()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        client, return_host = login.waiting_client(next_of(self.request))
        extra = {"client": client, "return_host": return_host, "signed_in": self.signed_in}
        return super().get_context_data(**extra, **kwargs)  # type: ignore[misc, no-any-return]


class SignIn(ForApplication, AccountSignIn):
    def get_initial(self) -> dict[str, Any]:
        """OpenID Connect Core 3.1.2.1, login_hint."""
        hint = self.request.GET.get("login_hint", "")
        is_name = len(hint) <= LONGEST_NAME and hint.isprintable()
        return {**super().get_initial(), **({"login": hint} if is_name else {})}

    def form_valid(self, form: Any) -> HttpResponse:
        if self.signed_in is not None:
            self.request.user = self.signed_in
            step_out(self.request)
        return super().form_valid(form)  # type: ignore[no-any-return]


class SignUp(ForApplication, SignupView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        if self.signed_in is not None:
            self.request.user = self.signed_in
            step_out(self.request)
        return super().form_valid(form)  # type: ignore[no-any-return]


def step_out(request: HttpRequest) -> None:
    """The sign-in begins from nothing. Of the same person the session's name goes on, so that nothing ends for the
    applications that know it; somebody else's session ends when the new one begins (keymanager/login.py)."""
    session = login.browser_session(request)
    logout(request)
    if session is not None:
        request.session[login.EARLIER] = session.user.pk, session.sid


def next_of(request: HttpRequest) -> str:
    return request.POST.get("next") or request.GET.get("next", "")


sign_in = see_other(SignIn.as_view())
sign_up = see_other(SignUp.as_view())
