from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, SignupForm
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest

from accounts.models import User


class SignInForm(LoginForm):  # type: ignore[misc]
    """Username, Password, and nothing in the boxes that the labels already say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""
        self.fields["remember"].label = "Remember me on this computer"


class SignUpForm(SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password2"].label = "Password (again)"

    def save(self, request: HttpRequest) -> User:
        """Who chooses a password signs in with it: allauth records that for signing in only."""
        user: User = super().save(request)
        record_authentication(request, user, method="password", username=user.get_username())
        return user
