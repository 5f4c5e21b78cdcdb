"""Fills the baseline's database and prints what the load needs to know (bench.steps.Seed)."""

from __future__ import annotations

import json
import secrets

import django
from django.conf import settings
from django.core.management import call_command


def client(name: str, grant: str) -> dict[str, str]:
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    secret = secrets.token_urlsafe(32)
    row = Application.objects.create(
        name=name,
        user=User.objects.get(username="bob"),
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
        client_secret=secret,
        redirect_uris="https://printer.example/callback",
        algorithm=Application.RS256_ALGORITHM,
        # Stands for remembered consent: the toolkit's own way reads every live token of the person.
        skip_authorization=True,
    )
    return {"id": row.client_id, "secret": secret}


def cookie() -> str:
    """Of a session in which bob has signed in."""
    from django.contrib.auth import login
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    request = HttpRequest()
    request.session = SessionStore()
    login(request, User.objects.get(username="bob"), backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    return f"{settings.SESSION_COOKIE_NAME}={request.session.session_key}"


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User

    User.objects.create_user("bob", "bob@printer.example")
    machine = client("machine", "client-credentials")
    seed = {
        "token": "/o/token/",
        "authorize": "/o/authorize/",
        "introspect": "/o/introspect/",
        "userinfo": "/o/userinfo/",
        "check": "/protected",
        "proof": "",
        "machine": machine,
        # It has no self-contained tokens: what it can do is compared with.
        "machine_jwt": machine,
        "web": client("web", "authorization-code"),
        "cookie": cookie(),
        "redirect_uri": "https://printer.example/callback",
        "machine_scope": "read",
        "web_scope": "openid read",
    }
    print(json.dumps(seed))


if __name__ == "__main__":
    main()
