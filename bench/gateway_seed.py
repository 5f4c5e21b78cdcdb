"""An API, applications that are subscribed to it under a limit that nobody reaches, and a token of each kind."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

if TYPE_CHECKING:
    from accounts.models import User
    from store.models import Api

NEVER_REACHED = 1_000_000_000
DEFINITION = {
    "openapi": "3.0.3",
    "info": {"title": "Bench", "version": "1.0"},
    "paths": {"/things": {"get": {"responses": {"200": {"description": "All of them."}}}}},
}


def main(backend: str) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from accounts.models import User
    from store import publishing
    from store.documents import Document
    from store.models import ThrottlingPolicy

    alice = User.objects.create_user("alice")
    for level in ThrottlingPolicy.Level.values:
        ThrottlingPolicy.objects.create(level=level, name="Bench", request_count=NEVER_REACHED)
    described = publishing.Description(name="Bench", context="/bench", version="1.0", production_endpoints=[backend])
    api = publishing.publish(provider=alice, document=Document(DEFINITION, {}), description=described)
    seed = {"api": api.path[1:], "path": f"{api.path}/things"} | {
        kind: token(alice, api, kind) for kind in ("jwt", "opaque")
    }
    print(json.dumps(seed))


def token(owner: User, api: Api, kind: str) -> str:
    from store import applications, key_managers, keys, subscriptions
    from store.models import ThrottlingPolicy

    policies = {row.level: row for row in ThrottlingPolicy.objects.filter(name="Bench")}
    application = applications.add(
        owner=owner,
        name=kind,
        policy=policies["application"],
        description="",
        token_type="JWT" if kind == "jwt" else "OAUTH",
    )
    subscriptions.subscribe(application=application, api=api, policy=policies["subscription"])
    settings = keys.KeySettings(
        callback_urls=[], grant_types=["client_credentials"], scopes=[], access_token_lifetime=3600
    )
    made = keys.generate(application=application, key_type="PRODUCTION", settings=settings)
    return key_managers.current().test_token(made.consumer_key, []).access_token


if __name__ == "__main__":
    main(sys.argv[1])
