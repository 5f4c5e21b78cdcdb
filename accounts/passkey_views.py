"""allauth's passkey views, where its behaviour is not enough."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import passthrough_next_redirect_url
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse


class AddPasskey(AddWebAuthnView):  # type: ignore[misc]
    """Asks for a passkey that signs in by itself (WebAuthn 5.4.4: resident key and user verification required)."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["js_data"] = {"creation_options": auth.begin_registration(self.request.user, True)}
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        """allauth forgets the form, and with it what was wrong."""
        return self.render_to_response(self.get_context_data() | {"form": form})  # type: ignore[no-any-return]


class PasskeySignIn(LoginWebAuthnView):  # type: ignore[misc]
    """A passkey that is refused leads back to the sign-in page, which still knows where one wanted to go."""

    def form_invalid(self, form: Any) -> HttpResponse:
        return told(self.request, form, "account_login")


class PasskeyAgain(ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        return told(self.request, form, "mfa_reauthenticate_webauthn")


def told(request: Any, form: Any, name: str) -> HttpResponse:
    for message in form.errors.get("credential", []):
        messages.error(request, message)
    return HttpResponseRedirect(passthrough_next_redirect_url(request, reverse(name), "next"))


add = AddPasskey.as_view()
sign_in = PasskeySignIn.as_view()
again = PasskeyAgain.as_view()
