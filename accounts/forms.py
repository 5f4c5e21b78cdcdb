from __future__ import annotations

from operator import attrgetter
from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from allauth.account.internal.flows.login import record_authentication
from django import forms
from django.http import HttpRequest

from accounts.models import User

MOST_MAILS = 3


class Plain:
    """Nothing in the boxes that the labels already say."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignInForm(Plain, LoginForm):  # type: ignore[misc]
    """Username, Password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["remember"].label = "Remember me on this computer"


class SignUpForm(Plain, SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password2"].label = "Password (again)"
        self.fields["email"].label = "E-mail address (optional)"

    def save(self, request: HttpRequest) -> User:
        """Who chooses a password signs in with it: allauth records that for signing in only."""
        user: User = super().save(request)
        record_authentication(request, user, method="password", username=user.get_username())
        return user


class EmailForm(Plain, AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New e-mail address"


class NewPasswordForm(Plain, ChangePasswordForm):  # type: ignore[misc]
    pass


class ConfirmForm(Plain, ReauthenticateForm):  # type: ignore[misc]
    pass


class ForgottenPasswordForm(Plain, ResetPasswordForm):  # type: ignore[misc]
    """While nobody has confirmed an address, whoever signs up may name it: the oldest few accounts have a mail, so that
    nobody's letter box is filled by one request."""

    users: list[User]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = sorted(self.users, key=attrgetter("pk"))[:MOST_MAILS]
        return email


class ForgottenPasswordKeyForm(Plain, ResetPasswordKeyForm):  # type: ignore[misc]
    pass
