from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from accounts import devices, known_browsers, mails, realms, reauthentication
from accounts.models import User

WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use your authenticator app or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Where people land after signing in or out, by the door they came through; and what a sign-in leaves behind."""

    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many wrong tries. Wait a few minutes, then try again.",
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("keymanager:home") if realms.is_keymanager(request) else reverse("store:apis")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login") if realms.is_keymanager(request) else reverse("store:apis")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_security")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return reverse("account_security")

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        devices.arrive(request, user)

    def post_login(self, request: HttpRequest, user: User, **told: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **told)
        known_browsers.remember(request, response, user)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Of what wrong passwords are counted by, beside the address (settings.ACCOUNT_RATE_LIMITS, "key"). allauth's
        has the host in it, which is for the asker to say: localhost:1, localhost:2."""
        name = credentials.get("username", "").lower()
        return f"{name} {known_browsers.mark(request, name)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to the portal by its own name, whatever the one was by which somebody had the mail sent."""
        asked, ours = f"{self.request.scheme}://{self.request.get_host()}/", f"{settings.PORTAL_URL}/"
        own = {
            name: value.replace(asked, ours, 1) if isinstance(value, str) and value.startswith(asked) else value
            for name, value in context.items()
        }
        site = SimpleNamespace(domain=realms.portal(), name=realms.portal())
        told = {"request": self.request, "email": email} | own | {"current_site": site}
        mails.send(template_prefix, self.render_mail(template_prefix, email, told))

    def format_email_subject(self, subject: str) -> str:
        return f"[{realms.portal()}] {subject}"

    def set_password(self, user: User, password: str) -> None:
        """Whoever knew the old one is signed out, everywhere but here; and what it alone opened is closed
        (settings.PASSWORD_CHANGES)."""
        super().set_password(user, password)
        devices.end_others(user, self.request.session.session_key)
        import_string(settings.PASSWORD_CHANGES)(user)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """allauth's, in the words of our pages."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method | {"description": WAYS.get(method["id"], method["description"])} for method in methods]

    def get_client_ip(self, request: HttpRequest) -> str:
        """Who came past the proxies that should stand in front counts by the address of the connection."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            return str(request.META["REMOTE_ADDR"])

    def is_safe_url(self, url: str | None) -> bool:
        """Of an address to go on to: the portal's. allauth takes every name that it may be called by, and thereby
        localhost, and the gateway, where the pages are those of providers."""
        return url_has_allowed_host_and_scheme(url, {realms.portal()}, require_https=True)

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        return reauthentication.is_due(self.request)
