from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from store import api_keys, names
from store.models import Application, KeyType

DEFAULT_DAYS = "90"
EXPIRIES = [("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("0", "Never")]


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label="Name",
        validators=[names.validate_application_name],
        help_text="Where it is used, for yourself: the nightly import.",
        error_messages={"required": "Enter a name."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    key_type = forms.ChoiceField(
        label="Key Type",
        choices=KeyType.choices,
        help_text="A production key reaches the API's production endpoint, a sandbox key its sandbox endpoint.",
        error_messages={"invalid_choice": "Choose Production or Sandbox.", "required": "Choose Production or Sandbox."},
    )
    expires = forms.ChoiceField(
        label="Expires",
        choices=EXPIRIES,
        initial=DEFAULT_DAYS,
        help_text="A key that is lost and forgotten should end by itself.",
        error_messages={"invalid_choice": "Choose one of the times offered.", "required": "Choose one of the times."},
    )

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.application = application

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if api_keys.of(application=self.application).filter(name__iexact=name).exists():
            raise ValidationError(str(api_keys.NameTakenError(name)), code="taken")
        return name

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen, of a valid form, as `api_keys.generate` takes it."""
        cleaned = self.cleaned_data
        return {"name": cleaned["name"], "key_type": cleaned["key_type"], "expires_at": ends(int(cleaned["expires"]))}


def ends(days: int) -> datetime | None:
    return timezone.now() + timedelta(days=days) if days else None
