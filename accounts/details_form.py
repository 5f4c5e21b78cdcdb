"""What may stand in one's details (OpenID Connect Core 5.1), and the sentence when it may not."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.boundfield import BoundField
from django.utils import timezone

from accounts.models import PersonalDetails

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[PersonalDetails]
else:
    ModelForm = forms.ModelForm

# RFC 5646 2.1: language, script, region, variants; no extensions and nothing private.
LANGUAGE_TAG = re.compile(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{5,8})*$")
# E.164: a country code and a number, fifteen digits at most.
PHONE_NUMBER = re.compile(r"^\+[1-9][0-9]{5,14}$")
YEAR = re.compile(r"^[0-9]{4}$")
DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")

GROUPS = {
    "Name": ("first_name", "middle_name", "last_name", "nickname"),
    "About you": ("birthdate", "gender", "website", "profile", "picture"),
    "Where you are": ("locale", "zoneinfo"),
    "How to reach you": ("phone_number", "street_address", "postal_code", "locality", "region", "country"),
}


@cache
def time_zones() -> list[tuple[str, str]]:
    """Those of the IANA data base that are places, by name."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [("", "Not told"), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def https_only(value: str) -> None:
    if urlsplit(value).scheme != "https":
        raise ValidationError("Enter an address that begins with https://")


def secure_address(label: str, words: str) -> forms.URLField:
    widget = forms.TextInput({"inputmode": "url"})
    return forms.URLField(
        label=label,
        help_text=words,
        max_length=500,
        required=False,
        assume_scheme="https",
        validators=[https_only],
        widget=widget,
    )


class DetailsForm(ModelForm):
    first_name = forms.CharField(label="First name", max_length=150, required=False)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    website = secure_address("Website", "Begins with https://")
    profile = secure_address("Profile page", "A page about you that others may see. Begins with https://")
    picture = secure_address("Picture", "The address of a picture of you. Begins with https://")
    phone_number = forms.CharField(
        label="Telephone number",
        max_length=40,
        required=False,
        help_text="With the country code, as in +442079460000.",
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}),
    )
    zoneinfo = forms.ChoiceField(label="Time zone", choices=time_zones, required=False)

    class Meta:
        model = PersonalDetails
        exclude: ClassVar = ["user"]
        labels: ClassVar = {
            "locale": "Language",
            "street_address": "Street",
            "postal_code": "Postcode",
            "locality": "Town",
        }
        help_texts: ClassVar = {
            "birthdate": "Year, month and day, as in 1990-04-23. The year alone will do; 0000 keeps it to yourself.",
            "locale": "As in en, en-GB or pt-BR.",
        }
        widgets: ClassVar = {
            "street_address": forms.Textarea({"rows": 2, "autocomplete": "street-address"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name"):
            self.initial.setdefault(name, getattr(self.instance.user, name))

    @property
    def groups(self) -> list[tuple[str, list[BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS.items()]

    def clean_birthdate(self) -> str:
        value: str = self.cleaned_data["birthdate"]
        if value and not is_birthdate(value):
            raise ValidationError("Enter a day as in 1990-04-23, a year, or a day without its year as in 0000-04-23.")
        return value

    def clean_locale(self) -> str:
        value: str = self.cleaned_data["locale"]
        if value and not LANGUAGE_TAG.match(value):
            raise ValidationError("Enter a language as in en, en-GB or zh-Hant-TW.")
        return value

    def clean_phone_number(self) -> str:
        value = re.sub(r"[\s().-]", "", self.cleaned_data["phone_number"])
        if value and not PHONE_NUMBER.match(value):
            raise ValidationError("Enter a plus sign, the country code and the number, as in +442079460000.")
        return value

    @transaction.atomic
    def save(self, commit: bool = True) -> PersonalDetails:
        """With the two names that the account itself has. Another number is one that nobody has confirmed."""
        if "phone_number" in self.changed_data:
            self.instance.phone_number_verified = False
        user = self.instance.user
        user.first_name, user.last_name = self.cleaned_data["first_name"], self.cleaned_data["last_name"]
        user.save(update_fields=["first_name", "last_name"])
        return super().save(commit)


def is_birthdate(value: str) -> bool:
    """OpenID Connect Core 5.1: YYYY-MM-DD, with 0000 for a year that is left out, or the year alone."""
    if YEAR.match(value):
        return 1800 <= int(value) <= timezone.localdate().year
    if not DAY.match(value):
        return False
    try:
        # A leap year stands for the one left out.
        day = date.fromisoformat(value.replace("0000-", "1972-", 1))
    except ValueError:
        return False
    return date(1800, 1, 1) <= day <= timezone.localdate()
