"""The two forms, and every rule a person can break in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField

from playground.authorization import CLIENT_CREDENTIALS, CODE, IMPLICIT, PASSWORD

GRANT_TYPES = [
    (CODE, "Authorization Code"),
    (IMPLICIT, "Implicit"),
    (CLIENT_CREDENTIALS, "Client Credentials"),
    (PASSWORD, "Resource Owner"),
]
BY_BROWSER = f"{CODE} {IMPLICIT}"
BY_SERVER = f"{CLIENT_CREDENTIALS} {PASSWORD}"
# Which grant types a field concerns; a field that is not here concerns all.
CONCERNS = {
    "callback_url": BY_BROWSER,
    "authorize_endpoint": BY_BROWSER,
    "token_endpoint": BY_SERVER,
    "client_secret": BY_SERVER,
    "username": PASSWORD,
    "password": PASSWORD,
    "use_pkce": CODE,
}
REQUIRED = {
    "callback_url": "Enter the Callback URL: it is where people come back after they approve.",
    "authorize_endpoint": "Enter the Authorize Endpoint: it is where people are sent to approve.",
    "token_endpoint": "Enter the Access Token Endpoint: it is where this site gets the token.",
    "username": "Enter the user name of the person whose photos are wanted.",
    "password": "Type the password. It is never written back into a page.",
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
HELD = "Held on the server since your last try. Leave empty to use it again."


@dataclass(frozen=True)
class Row:
    """A field with the grant types it concerns, for the script that hides the others."""

    field: BoundField
    concerns: str
    is_checkbox: bool


class AskForm(forms.Form):
    """What the page asks before anything is sent. `held_secret` is a secret typed earlier, kept on the server."""

    use_required_attribute = False  # a hidden field the browser insists on would block the form

    grant_type = forms.ChoiceField(
        label="Authorization Grant Type",
        choices=GRANT_TYPES,
        help_text="How this site gets its token. Authorization Code is the one to use for people.",
        error_messages={"required": "Choose a grant type.", "invalid_choice": "Choose a grant type from the list."},
    )
    client_id = forms.CharField(
        label="Client Id",
        max_length=255,
        help_text="The Consumer Key of your application, from its Production Keys tab.",
        error_messages={"required": "Enter the Consumer Key that the API Store gave your application."},
    )
    scope = forms.CharField(
        label="Scope",
        max_length=1000,
        required=False,
        help_text="What to ask for, separated by spaces, e.g. photos:read openid",
    )
    callback_url = forms.CharField(
        label="Callback URL",
        max_length=2000,
        required=False,
        help_text="The same as in the keys of your application. For Authorization Code and Implicit.",
    )
    authorize_endpoint = forms.CharField(
        label="Authorize Endpoint",
        max_length=2000,
        required=False,
        help_text="Where people sign in and approve. For Authorization Code and Implicit.",
    )
    token_endpoint = forms.CharField(
        label="Access Token Endpoint",
        max_length=2000,
        required=False,
        help_text="Where this site's server gets the token. For Client Credentials and Resource Owner.",
    )
    client_secret = forms.CharField(
        label="Client Secret",
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The Consumer Secret. For Client Credentials, and for Resource Owner unless the client is public.",
    )
    username = forms.CharField(
        label="Resource Owner User Name",
        max_length=255,
        required=False,
        help_text="Whose photos to import. Only for Resource Owner.",
    )
    password = forms.CharField(
        label="Resource Owner Password",
        max_length=1000,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Sent once to the token endpoint and kept nowhere. Only for Resource Owner.",
    )
    use_pkce = forms.BooleanField(
        label="Use PKCE (S256)",
        required=False,
        initial=True,
        help_text="Ties the code to this browser session. The verifier stays on the server. For Authorization Code.",
    )

    def __init__(self, *args: Any, held_secret: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held_secret = held_secret
        for name in ("client_id", "scope", "callback_url", "authorize_endpoint", "token_endpoint", "username"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        if held_secret:
            self.fields["client_secret"].help_text = HELD

    def rows(self) -> list[Row]:
        return rows(self)

    def clean_client_id(self) -> str:
        value: str = self.cleaned_data["client_id"]
        if not re.fullmatch(r"[\x20-\x7e]+", value):  # RFC 6749 A.1
            raise forms.ValidationError("A client id has only plain letters, digits and signs. Copy it from the store.")
        return value

    def clean_scope(self) -> str:
        value = " ".join(self.cleaned_data["scope"].split())
        if not re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", value):  # RFC 6749 3.3
            raise forms.ValidationError("A scope has no quotes, backslashes or accents. Separate scopes by spaces.")
        return value

    def clean_callback_url(self) -> str:
        value = self.cleaned_data["callback_url"]
        return _address(value, "Callback URL", str(starting_values()["callback_url"]))

    def clean_authorize_endpoint(self) -> str:
        value = self.cleaned_data["authorize_endpoint"]
        return _address(value, "Authorize Endpoint", settings.PLAYGROUND_AUTHORIZE_ENDPOINT)

    def clean_token_endpoint(self) -> str:
        return _token_address(self.cleaned_data["token_endpoint"])

    def clean_client_secret(self) -> str:
        return self.cleaned_data["client_secret"] or self.held_secret

    def clean(self) -> dict[str, Any]:
        """What the chosen grant type needs must be there; what does not concern it is not looked at."""
        grant_type = str(self.cleaned_data.get("grant_type", ""))
        for name, concerns in CONCERNS.items():
            if grant_type and grant_type not in concerns.split():
                self.errors.pop(name, None)
                self.cleaned_data[name] = ""
            elif grant_type and name in REQUIRED and name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, REQUIRED[name])
        if grant_type == CLIENT_CREDENTIALS and not self.cleaned_data.get("client_secret"):
            self.add_error("client_secret", "Enter the Consumer Secret: Client Credentials works only with one.")
        return self.cleaned_data


class ExchangeForm(forms.Form):
    """What is needed to turn the code into a token."""

    use_required_attribute = False

    token_endpoint = forms.CharField(
        label="Access Token Endpoint",
        max_length=2000,
        help_text="This site's server sends the code there, never your browser.",
        error_messages={"required": REQUIRED["token_endpoint"]},
    )
    client_secret = forms.CharField(
        label="Client Secret",
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The Consumer Secret. Leave empty for a public client. Kept on this site's server for Refresh and "
        "Revoke until you start over; never written into a page.",
    )

    def __init__(self, *args: Any, held_secret: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held_secret = held_secret
        if held_secret:
            self.fields["client_secret"].help_text = HELD

    def rows(self) -> list[Row]:
        return rows(self)

    def clean_token_endpoint(self) -> str:
        return _token_address(self.cleaned_data["token_endpoint"])

    def clean_client_secret(self) -> str:
        return self.cleaned_data["client_secret"] or self.held_secret


def starting_values() -> dict[str, str | bool]:
    """What the form is filled with before anybody has typed."""
    return {
        "grant_type": CODE,
        "callback_url": f"{settings.PLAYGROUND_URL}/oauth2client",
        "authorize_endpoint": settings.PLAYGROUND_AUTHORIZE_ENDPOINT,
        "token_endpoint": settings.PLAYGROUND_TOKEN_ENDPOINT,
        "use_pkce": True,
    }


def rows(form: forms.Form) -> list[Row]:
    return [Row(field, CONCERNS.get(field.name, ""), field.widget_type == "checkbox") for field in form]


def _address(value: str, label: str, example: str) -> str:
    """An absolute http(s) address without a fragment (RFC 6749 3.1, 3.1.2), or nothing."""
    if not value:
        return ""
    parts = _parts(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise forms.ValidationError(f"The {label} must be a full http or https address, such as {example}")
    if "#" in value:
        raise forms.ValidationError(f"The {label} must not have a fragment: leave out the # and what follows it.")
    return value


def _token_address(value: str) -> str:
    """RFC 6749 3.2: the secret travels there, so only over TLS, or on this machine."""
    value = _address(value, "Access Token Endpoint", settings.PLAYGROUND_TOKEN_ENDPOINT)
    parts = _parts(value)
    if parts is not None and parts.scheme == "http" and not _is_of_this_machine(parts):
        raise forms.ValidationError("The Access Token Endpoint must begin with https: the client secret travels there.")
    return value


def _is_of_this_machine(parts: SplitResult) -> bool:
    """The visitor's own: elsewhere whoever visits would have this server call what listens beside it."""
    return {parts.hostname, urlsplit(settings.PLAYGROUND_URL).hostname} <= LOOPBACK


def _parts(value: str) -> SplitResult | None:
    """The address taken apart; None when it is none, has a blank, a login of its own or an impossible port."""
    if re.search(r"[\s\x00-\x1f\x7f\\<>\"]", value):
        return None
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 and "@" not in parts.netloc else None
    except ValueError:
        return None
