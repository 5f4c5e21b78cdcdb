"""What staff types about limits: tiers (in the administration) and blocking conditions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from store.models import Api, Application, BlockingCondition, ThrottlingPolicy

Kind = BlockingCondition.Kind
UNITS = ((1, "a second"), (60, "a minute"), (3600, "an hour"), (86400, "a day"))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]*")
MOST = 1_000_000_000
# Networks as large as these are a mistake far more often than meant.
SHORTEST = {4: 8, 6: 16}


class TierForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tier goes into tokens by its name, so name and level are given once (the administration shows them only)."""

    unit_time = forms.TypedChoiceField(label="Calls are counted in", choices=UNITS, coerce=int, initial=60)

    class Meta:
        model = ThrottlingPolicy
        fields = ("name", "level", "description", "request_count", "unit_time", "burst_count", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("request_count", "burst_count", "description"):
            self.fields[name].required = False
        self.fields["description"].help_text = "Empty: as many calls as it allows, in words."
        if "level" in self.fields:
            made = [
                choice for choice in ThrottlingPolicy.Level.choices if choice[0] != ThrottlingPolicy.Level.ANONYMOUS
            ]
            self.fields["level"] = forms.ChoiceField(choices=made)

    @property
    def level(self) -> str:
        return str(self.cleaned_data.get("level") or self.instance.level)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not NAME.fullmatch(name):
            raise ValidationError("Use letters, digits, spaces and . _ - and begin with a letter or digit.")
        return name

    def clean_request_count(self) -> int | None:
        return counted(self.cleaned_data["request_count"])

    def clean_burst_count(self) -> int | None:
        return counted(self.cleaned_data["burst_count"])

    def clean(self) -> dict[str, Any]:
        calls, burst = self.cleaned_data.get("request_count"), self.cleaned_data.get("burst_count")
        name = self.cleaned_data.get("name") or self.instance.name
        if name == "Unlimited" and (calls or burst):
            raise ValidationError("Unlimited has no limit. Add another tier and give it this limit.")
        if burst and self.level != ThrottlingPolicy.Level.SUBSCRIPTION:
            self.add_error("burst_count", "Only a tier of subscriptions limits bursts. Leave it empty.")
        if burst and self.cleaned_data.get("unit_time") == 1:
            self.add_error("burst_count", "A limit of calls a second is one of bursts already. Leave it empty.")
        elif burst and calls and burst >= calls:
            self.add_error("burst_count", f"Allow fewer than the {calls} calls at once, or leave it empty.")
        if not self.errors and self.is_described_anew:
            self.cleaned_data["description"] = in_words(self.level, calls, self.cleaned_data["unit_time"], burst)
        return self.cleaned_data

    @property
    def is_described_anew(self) -> bool:
        """The store shows the description beside the name: it must not tell the numbers of before."""
        numbers = {"request_count", "unit_time", "burst_count"}
        return not self.cleaned_data["description"] or (
            bool(numbers & set(self.changed_data)) and "description" not in self.changed_data
        )


def in_words(level: str, calls: int | None, seconds: int, burst: int | None) -> str:
    whose = {"application": " for each access token", "anonymous": " for each address"}.get(level, "")
    said = f"{calls} calls {dict(UNITS)[seconds]}{whose}" if calls else "No limit"
    return f"{said}, at most {burst} a second" if burst else said


def counted(number: int | None) -> int | None:
    if number is not None and not 1 <= number <= MOST:
        raise ValidationError(f"Enter a number from 1 to {MOST:,}, or nothing for no limit.")
    return number


class BlockForm(forms.Form):
    kind = forms.ChoiceField(
        label="What is blocked",
        choices=Kind.choices,
        error_messages={"required": "Choose what is blocked.", "invalid_choice": "Choose one of the four."},
    )
    value = forms.CharField(
        label="Which one",
        max_length=200,
        help_text="API: its context (/photos). Application: owner:name. User: the username. "
        "Address: 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.",
        error_messages={"required": "Enter which one."},
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )

    def clean(self) -> dict[str, Any]:
        """`value` as it is kept."""
        kind, value = self.cleaned_data.get("kind"), self.cleaned_data.get("value")
        if kind and value:
            try:
                self.cleaned_data["value"] = READERS[kind](value)
            except ValidationError as error:
                self.add_error("value", error)
        return self.cleaned_data


def context(value: str) -> str:
    found = "/" + value.strip("/")
    if not Api.objects.filter(context=found).exists():
        raise ValidationError(f"No API has the context {found}.")
    return found


def application(value: str) -> str:
    owner, colon, name = (part.strip() for part in value.partition(":"))
    if not colon:
        raise ValidationError("Enter the owner's username, a colon and the application's name: alice:Photo Printer")
    found = Application.objects.filter(owner__username__iexact=owner, name__iexact=name).first()
    if found is None:
        raise ValidationError(f"{owner} has no application {name}.")
    return str(found.pk)


def user(value: str) -> str:
    found = User.objects.filter(username__iexact=value).first()
    if found is None:
        raise ValidationError(f"There is no user {value}.")
    return str(found.username)


def network(value: str) -> str:
    """With its length; an IPv4 address that is written as an IPv6 one is what it is."""
    try:
        found = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValidationError("Enter an address (192.0.2.7, 2001:db8::1) or a network (192.0.2.0/24).") from None
    if isinstance(found, ipaddress.IPv6Network) and (mapped := found.network_address.ipv4_mapped):
        found = ipaddress.ip_network(f"{mapped}/{max(found.prefixlen - 96, 0)}", strict=False)
    if found.prefixlen < SHORTEST[found.version]:
        raise ValidationError(
            f"{found} is too much of the Internet. Enter a network of /{SHORTEST[found.version]} or smaller."
        )
    if getattr(found.network_address, "scope_id", None):
        raise ValidationError("Enter the address without the part behind the percent sign.")
    return str(found)


READERS: dict[str, Callable[[str], str]] = {
    Kind.API: context,
    Kind.APPLICATION: application,
    Kind.USER: user,
    Kind.ADDRESS: network,
}
