"""The code that a device shows, as a person types it; and how often they may be wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError

from accounts.models import User
from keymanager import device_codes
from keymanager.models import DeviceGrant

WRONG_CODES = 10
PERIOD = 60  # seconds


class UserCodeForm(forms.Form):
    user_code = forms.CharField(
        label="Code",
        help_text="Eight letters, as the device shows them.",
        error_messages={"required": "Enter the code that the device shows."},
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.is_throttled = False

    def clean_user_code(self) -> DeviceGrant:
        """The device that waits. RFC 8628 5.1: wrong codes are counted before they are looked up."""
        if count(self.user) > WRONG_CODES:
            self.is_throttled = True
            raise ValidationError("Too many wrong codes; wait a minute, then try again.", code="throttled")
        row = device_codes.waiting(self.cleaned_data["user_code"])
        if row is None:
            raise ValidationError("This code is wrong, has expired or was used already.", code="wrong")
        uncount(self.user)
        return row


def count(user: User) -> int:
    """How many wrong codes this person has typed within the period, this one with them. Of the person and not of the
    session, or signing in again would give ten more."""
    cache.add(name(user), 0, PERIOD)
    try:
        return cache.incr(name(user))
    except ValueError:  # expired since the line above
        return 1


def uncount(user: User) -> None:
    """The code was right."""
    with suppress(ValueError):  # expired meanwhile
        cache.decr(name(user))


def name(user: User) -> str:
    return f"wrong-device-codes:{user.pk}"
