"""Fills a database of ours, by the deeds that the portal itself does, and prints what the load needs to know.

`python -m bench.portal 1000000` puts that many live tokens beside, each with an authorization and a refresh token.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.management import call_command

if TYPE_CHECKING:
    from django.db.models import Model

REDIRECT_URI = "https://printer.example/callback"
WEB_SCOPE = "openid photos:read"


def client(name: str, *grant_types: str, access_tokens: str = "OPAQUE") -> dict[str, str]:
    from keymanager import clients

    row, secret = clients.register(
        public=False,
        redirect_uris=[REDIRECT_URI] if "authorization_code" in grant_types else [],
        name=name,
        grant_types=list(grant_types),
        scopes=["photos:read"],
        access_token_format=access_tokens,
        access_token_claims={"subscriptions": {"photos/1.0": "Gold"}},
    )
    return {"id": row.client_id, "secret": str(secret)}


def remembered_consent(client_id: str) -> None:
    from accounts.models import User
    from keymanager import consents
    from keymanager.models import Client

    consents.remember(User.objects.get(username="bob"), Client.objects.get(client_id=client_id), WEB_SCOPE.split())


def proof() -> str:
    """Of a gateway, which asks about calls to an API with a resource and a scope."""
    from accounts.models import User
    from gateway import node_key
    from store.models import Api

    paths = ("/albums", "/albums/{id}", "/pictures")
    asked = {"method": "GET", "scopes": ["photos:read"], "auth": "any", "tier": ""}
    Api.objects.create(
        name="PhotoShare",
        context="/photos",
        version="1.0",
        provider=User.objects.get(username="bob"),
        status=Api.Status.PUBLISHED,
        production_endpoints=["http://127.0.0.1:9"],
        resources=[asked | {"path": path} for path in paths],
    )
    node_key.ensure()
    return node_key.proof()


def cookie() -> str:
    """Of a session in which bob has signed in at the key manager's door."""
    from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
    from django.contrib.auth import login
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    from accounts.models import User

    request = HttpRequest()
    request.session = SessionStore()
    login(request, User.objects.get(username="bob"), backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    request.session["sid"] = "of-the-benchmark"
    request.session.save()
    return f"{settings.KEYMANAGER_SESSION_COOKIE_NAME}={request.session.session_key}"


def fill(count: int) -> None:
    """So many live authorizations, access tokens and refresh tokens, copied from one of each."""
    from django.utils import timezone

    from accounts.models import User
    from keymanager import authorizations
    from keymanager.models import AccessToken, Client, RefreshToken

    user, web = User.objects.get(username="bob"), Client.objects.get(name="web")
    now = timezone.now()
    authorization = authorizations.record(
        user=user, client=web, grant_type="authorization_code", scope=WEB_SCOPE, auth_time=now
    )
    owned: dict[str, Any] = {"user": user, "application": web, "authorization": authorization, "scope": WEB_SCOPE}
    until = now + timedelta(days=1)
    copied(authorization, count, {"id": UUIDS})
    hanging = {"authorization_id": UUIDS, "token_checksum": CHECKSUMS}
    copied(AccessToken.objects.create(**owned, expires=until, token_checksum="0" * 64), count, hanging)
    copied(RefreshToken.objects.create(**owned, expires_at=until, token_checksum="0" * 64), count, hanging)


# Expressions of a row's number `i`, and where the numbers come from, by the database's name.
UUIDS = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')::uuid"}
CHECKSUMS = {
    "sqlite": "lower(hex(randomblob(32)))",
    "postgresql": "encode(sha256(i::text::bytea), 'hex')",
}
NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0}) SELECT i FROM n) n",
    "postgresql": "generate_series(1, {0}) n(i)",
}


def copied(row: Model, count: int, changes: dict[str, dict[str, str]]) -> None:
    """`count` rows like `row` by one statement, with expressions in some columns; numbers of its own are new."""
    from django.db import connection

    table, kind = row._meta.db_table, connection.vendor
    columns = [str(field.column) for field in row._meta.concrete_fields if field != row._meta.auto_field]
    values = ", ".join(changes[column][kind] if column in changes else f'"{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    # Names of our own tables and columns, and a number.
    copying = f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}", {NUMBERS[kind].format(count)}'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(copying)
        if kind == "postgresql":
            cursor.execute(f'ANALYZE "{table}"')  # as its own clock would within a minute


def main(tokens: int) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from accounts.models import User

    User.objects.create_user("bob", "bob@printer.example")
    web = client("web", "authorization_code", "refresh_token")
    remembered_consent(web["id"])
    seed = {
        "token": "/oauth2/token",
        "authorize": "/oauth2/authorize",
        "introspect": "/oauth2/introspect",
        "userinfo": "/oauth2/userinfo",
        "check": "/gateway/check",
        "proof": proof(),
        "machine": client("machine", "client_credentials"),
        "machine_jwt": client("machine_jwt", "client_credentials", access_tokens="JWT"),
        "web": web,
        "cookie": cookie(),
        "redirect_uri": REDIRECT_URI,
        "machine_scope": "photos:read",
        "web_scope": WEB_SCOPE,
    }
    if tokens:
        fill(tokens)
    print(json.dumps(seed))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
