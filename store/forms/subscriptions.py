from __future__ import annotations

import uuid
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from store import paging
from store.models import Api, Application, ThrottlingPolicy

NEW_APPLICATION = "new"


def tiers() -> QuerySet[ThrottlingPolicy]:
    return ThrottlingPolicy.objects.filter(level=ThrottlingPolicy.Level.SUBSCRIPTION).order_by("position")


class TierForm(forms.Form):
    tier = forms.ModelChoiceField(
        label="Tier",
        queryset=ThrottlingPolicy.objects.none(),
        to_field_name="name",
        empty_label=None,
        error_messages={"invalid_choice": "Choose one of the tiers offered.", "required": "Choose a tier."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[ThrottlingPolicy]", self.fields["tier"])
        field.queryset = tiers()
        field.help_text = " ".join(f"{tier}: {tier.description}." for tier in field.queryset)


class SubscribeApiForm(TierForm):
    """On an application's tab: which API."""

    api = forms.ModelChoiceField(
        label="API",
        queryset=Api.objects.none(),
        empty_label="Select API…",
        error_messages={
            "required": "Select an API.",
            "invalid_choice": "Select one of the APIs offered: this one is subscribed to already, or not open.",
        },
    )
    field_order = ("api", "tier")

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Api]", self.fields["api"])
        subscribed = application.subscriptions.values("api")
        field.queryset = (
            Api.objects.filter(status=Api.Status.PUBLISHED)
            .exclude(pk__in=subscribed)
            .defer(*Api.LARGE)
            .order_by("name", "version")
        )
        offered = list(field.queryset.values_list("pk", flat=True)[:2])
        self.has_choices = bool(offered)
        if len(offered) == 1:
            self.initial.setdefault("api", offered[0])


class SubscribeApplicationForm(TierForm):
    """On an API's page: which application, or a new one."""

    application = forms.ChoiceField(
        label="Applications",
        error_messages={
            "required": "Select an application.",
            "invalid_choice": "Select one of your applications that is not subscribed to this API yet.",
        },
    )
    field_order = ("application", "tier")

    def __init__(self, *args: Any, owner: User, api: Api, words: str = "", **kwargs: Any) -> None:
        """Those whose names hold `words`, as many as fit on a page."""
        super().__init__(*args, **kwargs)
        self.words = words
        self.open_ones = Application.objects.owned_by(owner).exclude(subscriptions__api=api).only("name", "created_at")
        found = list(self.open_ones.filter(name__icontains=words).by_name()[: paging.ROWS + 1])
        self.has_more = len(found) > paging.ROWS
        self.offered = {str(application.pk): application for application in found[: paging.ROWS]}
        self.initial.setdefault("application", self.preselected())
        self.offer(str(self.data.get("application") if self.is_bound else self.initial["application"]))
        cast("forms.ChoiceField", self.fields["application"]).choices = [
            ("", "Select Application…"),
            (NEW_APPLICATION, "New Application…"),
            *((pk, application.name) for pk, application in self.offered.items()),
        ]

    def preselected(self) -> str:
        """The oldest one that is not subscribed yet: for a newcomer, DefaultApplication. Of very many, none."""
        if self.has_more or not self.offered:
            return ""
        return min(self.offered, key=lambda pk: self.offered[pk].created_at)

    def offer(self, pk: str) -> None:
        """Also one that is chosen, and not among those shown."""
        try:
            chosen = None if pk in self.offered else self.open_ones.filter(pk=uuid.UUID(pk)).first()
        except ValueError:
            return
        if chosen:
            self.offered[pk] = chosen

    @property
    def wants_new_application(self) -> bool:
        return self.cleaned_data.get("application") == NEW_APPLICATION

    @property
    def chosen(self) -> Application:
        return self.offered[self.cleaned_data["application"]]
