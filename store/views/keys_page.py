"""What the keys tab shows, in each of its states: no keys, keys that broke off half-way, keys."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from store import keys
from store.access import SignedInRequest
from store.forms import keys as key_forms
from store.forms.keys import KeysForm
from store.key_managers.base import ClientDescription, IssuedToken
from store.models import Application, ApplicationKey, KeyType


def completed_key(application: Application, key_type: str) -> ApplicationKey | None:
    key = keys.find(application=application, key_type=key_type)
    return key if key is not None and key.state == ApplicationKey.State.COMPLETED else None


def scopes_of(key: ApplicationKey) -> dict[str, str]:
    """What may be chosen: scopes of subscribed APIs, and what was chosen before and is not offered any more."""
    kept = dict.fromkeys(key.scopes, "Not of an API this application is subscribed to now")
    return kept | keys.available_scopes(application=key.application)


def show(
    request: SignedInRequest,
    application: Application,
    key_type: str,
    *,
    form: KeysForm | None = None,
    problem: str = "",
    secret: str | None = None,
    token: IssuedToken | None = None,
    status: int = 200,
) -> HttpResponse:
    """`form`: one with problems to show again; `secret`, `token`: shown this once."""
    key = keys.find(application=application, key_type=key_type)
    context: dict[str, Any] = {
        "application": application,
        "key_type": key_type,
        "type_label": KeyType(key_type).label,
        "problem": problem,
        "secret": secret,
        "token": token,
        "playground_url": settings.PLAYGROUND_URL if settings.DEMO else "",
    }
    template, more = state(application, key, form, secret)
    response = render(request, template, context | more, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def state(
    application: Application, key: ApplicationKey | None, form: KeysForm | None, secret: str | None
) -> tuple[str, dict[str, Any]]:
    """The template of the state the keys are in, and what that template needs."""
    if key is None:
        scopes = keys.available_scopes(application=application)
        return "store/application_keys_new.html", {
            "form": form or KeysForm(scopes=scopes, initial=key_forms.initial_settings())
        }
    if key.state != ApplicationKey.State.COMPLETED:
        return "store/application_keys_partial.html", {"reason": ""}
    try:
        client = keys.describe(key=key)
    except keys.KeyManagerRefusedError as error:
        return "store/application_keys_partial.html", {"reason": str(error)}
    if form is None or form.client is None:
        initial = key_forms.settings_as_typed(key, client)
        form = KeysForm(scopes=scopes_of(key), client=client, initial=initial)
    return "store/application_keys.html", {
        "client": client,
        "form": form,
        "grant_type_labels": [key_forms.LABELS.get(name, name) for name in client.grant_types],
        "can_test": "client_credentials" in client.grant_types,
        "curl": curl(client, secret),
        "in_project": settings.DEMO and settings.TLS_CA_FILE.is_relative_to(settings.BASE_DIR),
    }


def confirm_regeneration(request: SignedInRequest, key: ApplicationKey) -> HttpResponse:
    context = {
        "application": key.application,
        "key_type": key.key_type,
        "type_label": KeyType(key.key_type).label,
        "client": keys.describe(key=key),
    }
    return render(request, "store/application_keys_regenerate.html", context)


def curl(client: ClientDescription, secret: str | None) -> str:
    """A call of the token endpoint that works when pasted; where the secret is not at hand, $SECRET stands for it."""
    parameters = token_request(client)
    if not parameters:
        return ""
    lines = ["curl"]
    if settings.DEMO:
        lines[0] += f" --cacert {shlex.quote(readable_path(settings.TLS_CA_FILE))}"
    if client.public:
        parameters = [("client_id", client.consumer_key), *parameters]
    else:
        shown = shlex.quote(f"{client.consumer_key}:{secret}") if secret else f'"{client.consumer_key}:$SECRET"'
        lines += [f"  -u {shown}"]
    lines += [f"  --data-urlencode {quoted(name, value)}" for name, value in parameters]
    return " \\\n".join([*lines, f"  {settings.GATEWAY_URL}/token"])


def token_request(client: ClientDescription) -> list[tuple[str, str]]:
    """The body of a token request by the first grant type that needs no more than a command line."""
    scope = [("scope", " ".join(client.scopes))] if client.scopes else []
    if "client_credentials" in client.grant_types:
        return [("grant_type", "client_credentials"), *scope]
    if "authorization_code" in client.grant_types and client.callback_urls:
        address = ("redirect_uri", client.callback_urls[0])
        verifier = [("code_verifier", "$VERIFIER")] if client.public else []
        return [("grant_type", "authorization_code"), ("code", "$CODE"), address, *verifier]
    if "password" in client.grant_types:
        return [("grant_type", "password"), ("username", "$USERNAME"), ("password", "$PASSWORD"), *scope]
    return []


def quoted(name: str, value: str) -> str:
    """For a shell: a value that begins with $ is a variable the reader sets."""
    return f'"{name}={value}"' if value.startswith("$") else shlex.quote(f"{name}={value}")


def readable_path(path: Path) -> str:
    base = settings.BASE_DIR
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
