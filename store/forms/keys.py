"""The form of a key set. It holds every rule about callbacks and grant types; disabled boxes are only a courtesy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from store import callbacks
from store.forms.advanced import AdvancedFields, as_typed, of_others
from store.key_managers.base import ClientDescription
from store.keys import KeySettings
from store.models import ApplicationKey

MAX_LIFETIME = 31_536_000
DEFAULT_LIFETIME = 3600


@dataclass(frozen=True)
class GrantType:
    """As RFC 7591 names it, as the page says it, and what it needs: "callback", "secret" or nothing."""

    name: str
    label: str
    hint: str
    needs: str = ""
    advanced: bool = False


GRANT_TYPES = (
    GrantType("authorization_code", "Code", "People sign in and approve", "callback"),
    GrantType("implicit", "Implicit", "Token in the browser; discouraged", "callback"),
    GrantType("refresh_token", "Refresh Token", "Keep people signed in"),
    GrantType("password", "Password", "Only for trusted first-party clients"),
    GrantType("client_credentials", "Client Credentials", "Your application on its own behalf", "secret"),
    GrantType(
        "urn:ietf:params:oauth:grant-type:device_code", "Device", "People approve for a TV or a tool", advanced=True
    ),
    GrantType(
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "Token Exchange",
        "Trade a person's token for one of your own",
        "secret",
        advanced=True,
    ),
    GrantType(
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "JWT Bearer",
        "Trade another issuer's assertion for a token",
        "secret",
        advanced=True,
    ),
)
LABELS = {grant_type.name: grant_type.label for grant_type in GRANT_TYPES}
NEED_CALLBACK = frozenset(grant_type.name for grant_type in GRANT_TYPES if grant_type.needs == "callback")
PRESELECTED = ("refresh_token", "client_credentials")
NO_CALLBACK = "Enter a callback URL, or untick Code and Implicit: people who approve must have an address to return to."
NEED_SECRET = frozenset(grant_type.name for grant_type in GRANT_TYPES if grant_type.needs == "secret")
PUBLIC_NEEDS_OTHERS = "A public client has no secret, so it cannot use {}: untick one of the two."


@dataclass(frozen=True)
class Tile:
    """One box of a set, as the page draws it."""

    id: str
    name: str
    value: str
    label: str
    hint: str
    checked: bool
    needs: str = ""


class KeysForm(AdvancedFields):
    callback_url = forms.CharField(
        label="Callback URL",
        required=False,
        help_text="Where people come back after they approve. Enter one to enable Code and Implicit.",
        widget=forms.TextInput(
            {"placeholder": "https://your-app.example/callback", "inputmode": "url", "autocomplete": "off"}
        ),
    )
    more_callback_urls = forms.CharField(
        label="Further addresses",
        required=False,
        help_text="One a line. A request must name one of all these addresses, character by character.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )
    grant_types = forms.MultipleChoiceField(
        choices=[(grant_type.name, grant_type.label) for grant_type in GRANT_TYPES],
        error_messages={
            "required": "Choose at least one grant type.",
            "invalid_choice": "There is no grant type %(value)s here.",
        },
    )
    scopes = forms.MultipleChoiceField(
        required=False,
        error_messages={"invalid_choice": "%(value)s is not a scope of an API this application is subscribed to."},
    )
    access_token_lifetime = forms.IntegerField(
        label="Access token validity period",
        min_value=1,
        max_value=MAX_LIFETIME,
        help_text="Seconds. An hour is 3600, and a good choice.",
        error_messages={
            "required": "Enter a number of seconds, for instance 3600.",
            "invalid": "Enter a whole number of seconds, for instance 3600.",
            "min_value": "Enter at least 1 second: an access token that never expires is not offered.",
            "max_value": f"Enter at most {MAX_LIFETIME} seconds, which is a year.",
        },
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    public = forms.BooleanField(
        label="Public client (no secret, PKCE required)",
        required=False,
        help_text="For apps that run on somebody's device or in their browser and cannot keep a secret.",
    )

    def __init__(self, *args: Any, scopes: Mapping[str, str], client: ClientDescription | None = None, **kwargs: Any):
        """`scopes`: those that may be chosen, with descriptions; `client`: the one that is changed, if there is one."""
        super().__init__(*args, **kwargs)
        self.scopes_offered = scopes
        self.client = client
        cast("forms.MultipleChoiceField", self.fields["scopes"]).choices = list(scopes.items())
        if client is not None:
            del self.fields["public"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        urls = [url for url in (cleaned.get("callback_url", ""), *self.lines()) if url]
        cleaned["callback_urls"] = list(dict.fromkeys(urls))
        grant_types = set(cleaned.get("grant_types", []))
        if grant_types & NEED_CALLBACK and not urls and "callback_url" not in self.errors:
            self.add_error("callback_url", NO_CALLBACK)
        if self.is_public and (unusable := [LABELS[name] for name in LABELS if name in grant_types & NEED_SECRET]):
            self.add_error("grant_types", PUBLIC_NEEDS_OTHERS.format(unusable[0]))
        self.check_profile(grant_types, public=self.is_public)
        self.check_keys()
        self.check("callback_url", urls[:1] if cleaned.get("callback_url") else [])
        self.check("more_callback_urls", self.lines(), together=cleaned["callback_urls"])
        return cleaned

    def check(self, field: str, urls: Sequence[str], together: Sequence[str] = ()) -> None:
        try:
            callbacks.validate_count(together)
            callbacks.validate_callback_urls(urls, public=self.is_public)
        except ValidationError as error:
            self.add_error(field, error)

    def lines(self) -> list[str]:
        text: str = self.cleaned_data.get("more_callback_urls", "")
        return [line.strip() for line in text.splitlines() if line.strip()]

    @property
    def is_public(self) -> bool:
        return self.client.public if self.client else bool(self.cleaned_data.get("public"))

    @property
    def settings(self) -> KeySettings:
        """What was chosen, of a valid form."""
        cleaned = self.cleaned_data
        return KeySettings(
            callback_urls=cleaned["callback_urls"],
            grant_types=cleaned["grant_types"],
            scopes=cleaned["scopes"],
            access_token_lifetime=cleaned["access_token_lifetime"],
            public=self.is_public,
            **self.advanced_settings,
        )

    @property
    def advanced_settings(self) -> dict[str, Any]:
        """Left as they are by who does not ask for them, as the command does not."""
        if "security_profile" in self.data or self.client is None:
            kept = of_others(self.client.metadata) if self.client else {}
            return {"metadata": kept | self.metadata, "post_logout_urls": self.cleaned_data["post_logout_urls"]}
        return {"metadata": self.client.metadata, "post_logout_urls": self.client.post_logout_urls}

    @property
    def grant_type_tiles(self) -> list[Tile]:
        return self.tiles_of(advanced=False)

    @property
    def advanced_grant_type_tiles(self) -> list[Tile]:
        return self.tiles_of(advanced=True)

    def tiles_of(self, *, advanced: bool) -> list[Tile]:
        chosen = self["grant_types"].value() or []
        return [
            Tile(
                f"id_{item.name.rpartition(':')[2]}",
                "grant_types",
                item.name,
                item.label,
                item.hint,
                item.name in chosen,
                item.needs,
            )
            for item in GRANT_TYPES
            if item.advanced == advanced
        ]

    @property
    def is_advanced(self) -> bool:
        """Whether something is chosen there, so that the part is shown open."""
        return (
            self.advanced_open
            or any(tile.checked for tile in self.advanced_grant_type_tiles)
            or ("public" in self.fields and bool(self["public"].value()))
        )

    @property
    def scope_tiles(self) -> list[Tile]:
        chosen = self["scopes"].value() or []
        return [
            Tile(f"id_scope_{number}", "scopes", name, name, words, name in chosen)
            for number, (name, words) in enumerate(self.scopes_offered.items())
        ]

    @property
    def more_open(self) -> bool:
        return bool(self["more_callback_urls"].value() or self["more_callback_urls"].errors)


def initial_settings() -> dict[str, Any]:
    return {"grant_types": PRESELECTED, "access_token_lifetime": DEFAULT_LIFETIME}


def settings_as_typed(key: ApplicationKey, client: ClientDescription) -> dict[str, Any]:
    """A client's settings as the form shows them."""
    return fields_of(client.callback_urls) | {
        "grant_types": list(client.grant_types),
        "scopes": key.scopes,
        "access_token_lifetime": client.access_token_lifetime,
        **as_typed(client.metadata, list(client.post_logout_urls)),
    }


def fields_of(callback_urls: Iterable[str]) -> dict[str, str]:
    """Callback URLs as the two fields hold them: the first alone, the others one a line."""
    first, *others = [*callback_urls] or [""]
    return {"callback_url": first, "more_callback_urls": "\n".join(others)}
