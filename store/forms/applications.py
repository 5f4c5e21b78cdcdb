from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from store import applications, names
from store.models import Application, ThrottlingPolicy

MAX_DESCRIPTION = 512


class ApplicationForm(forms.Form):
    name = forms.CharField(
        label="Name",
        validators=[names.validate_application_name],
        help_text=f"Shown to people who are asked to approve. At most {names.MAX_LENGTH} characters: {names.ALLOWED}.",
        error_messages={"required": "Enter a name."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    policy = forms.ModelChoiceField(
        label="Per Token Quota",
        queryset=ThrottlingPolicy.objects.filter(level=ThrottlingPolicy.Level.APPLICATION).order_by("position"),
        to_field_name="name",
        empty_label=None,
        help_text="How many calls each access token may make in a minute.",
        error_messages={"invalid_choice": "Choose one of the quotas offered.", "required": "Choose a quota."},
    )
    description = forms.CharField(
        label="Description",
        required=False,
        help_text="Optional. What the application does, for yourself and your team.",
        widget=forms.Textarea({"rows": 3}),
    )
    token_type = forms.ChoiceField(
        label="Token Type",
        choices=[(name, name) for name in Application.TokenType.values],
        help_text="JWT: the gateway checks the token by itself. OAUTH: an opaque token, read by the key manager only.",
        error_messages={"invalid_choice": "Choose JWT or OAUTH.", "required": "Choose JWT or OAUTH."},
    )

    def __init__(self, *args: Any, owner: User, application: Application | None = None, **kwargs: Any) -> None:
        """`application`: the one that is changed, if there is one."""
        super().__init__(*args, **kwargs)
        self.owner = owner
        self.application = application
        if application is not None:
            self.initial = {
                "name": application.name,
                "policy": application.policy.name,
                "description": application.description,
                "token_type": application.token_type,
            }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Application.objects.owned_by(self.owner)
        if self.application is not None:
            others = others.exclude(pk=self.application.pk)
        if others.filter(name__iexact=name).exists():
            raise ValidationError(str(applications.NameTakenError(name)), code="taken")
        return name

    def clean_description(self) -> str:
        # Not the field's max_length: with it the browser cuts off what is too long, and says nothing.
        description: str = self.cleaned_data["description"]
        if len(description) > MAX_DESCRIPTION:
            sentence = f"A description has at most {MAX_DESCRIPTION} characters; this one has {len(description)}."
            raise ValidationError(sentence, code="long")
        return description
