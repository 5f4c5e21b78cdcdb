"""Keys without a browser. The same forms and deeds as the pages, so the same rules and the same sentences."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django import forms
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from store import applications, developers, keys, subscriptions
from store.errors import StoreError
from store.forms.applications import ApplicationForm
from store.forms.keys import DEFAULT_LIFETIME, KeysForm, fields_of
from store.forms.subscriptions import tiers
from store.key_managers.base import ClientDescription
from store.models import Api, Application, ApplicationKey, KeyType, Subscription, ThrottlingPolicy

Wanted = tuple[Api, ThrottlingPolicy]


class Command(BaseCommand):
    help = "Generates the keys of an application, creating what is missing, and prints them as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", required=True, help="User name of the developer.")
        parser.add_argument("--application", required=True, help="Name; added if the owner has none of that name.")
        parser.add_argument("--quota", default="Unlimited", help="Per Token Quota of an application that is added.")
        parser.add_argument("--token-type", default="JWT", help="JWT or OAUTH, of an application that is added.")
        parser.add_argument("--key-type", default="PRODUCTION", help="PRODUCTION or SANDBOX.")
        parser.add_argument("--grant-type", action="append", default=[], help="As RFC 7591 names it; may be repeated.")
        parser.add_argument("--callback-url", action="append", default=[], help="May be repeated.")
        parser.add_argument("--lifetime", default=str(DEFAULT_LIFETIME), help="Seconds an access token is valid.")
        parser.add_argument("--subscribe", action="append", default=[], metavar="NAME:VERSION:TIER")
        parser.add_argument("--public", action="store_true", help="No secret; PKCE required.")
        parser.add_argument(
            "--regenerate-secret",
            action="store_true",
            help="If keys exist: update their settings and print a new secret.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = run(options)
        except StoreError as error:
            raise CommandError(str(error)) from error
        if options["regenerate_secret"]:
            # So long the portal's own processes may know the secret before (keymanager/client_cache.py).
            time.sleep(settings.CLIENT_CACHE_SECONDS)
        self.stdout.write(json.dumps(answer, indent=2))


def run(options: dict[str, Any]) -> dict[str, Any]:
    """The names and the forms are checked before anything is made."""
    if options["key_type"] not in KeyType.values:
        raise CommandError(f"There is no key type {options['key_type']}: choose PRODUCTION or SANDBOX.")
    owner = User.objects.filter(username=options["owner"]).first()
    if owner is None:
        raise CommandError(f"There is no user {options['owner']}.")
    wanted = [wanted_subscription(text) for text in options["subscribe"]]
    developers.arrive(user=owner)
    application = Application.objects.owned_by(owner).filter(name__iexact=options["application"]).first()
    key = application and keys.find(application=application, key_type=options["key_type"])
    if key and not options["regenerate_secret"]:
        found = keys.KeysExistError(options["key_type"])
        raise CommandError(f"{found} With --regenerate-secret they get these settings and a new secret.")
    client = keys.describe(key=key) if key else None
    form = checked(keys_form(options, client))
    application = application or add_application(owner, options)
    for api, policy in wanted:
        subscribe(application, api, policy)
    secret = change(key, form) if key else generate(application, options["key_type"], form)
    return answer(application, options["key_type"], secret)


def keys_form(options: dict[str, Any], client: ClientDescription | None) -> KeysForm:
    if client and client.public != options["public"]:
        sentence = "These keys belong to a {} client, and that cannot be changed."
        raise CommandError(sentence.format("public" if client.public else "confidential"))
    data = fields_of(options["callback_url"]) | {
        "grant_types": options["grant_type"],
        "access_token_lifetime": options["lifetime"],
        "public": options["public"],
    }
    return KeysForm(data, scopes={}, client=client)


def checked(form: Any) -> Any:
    """The form itself if it is valid; else its sentences, each after the name of its field."""
    if form.is_valid():
        return form
    raise CommandError("\n".join(problems(form)))


def problems(form: forms.Form) -> list[str]:
    return [f"{name.replace('_', ' ')}: {sentence}" for name, rows in form.errors.items() for sentence in rows]


def add_application(owner: User, options: dict[str, Any]) -> Application:
    data = {"name": options["application"], "policy": options["quota"], "token_type": options["token_type"]}
    form = checked(ApplicationForm(data, owner=owner))
    return applications.add(owner=owner, **form.cleaned_data)


def wanted_subscription(text: str) -> Wanted:
    name, _, rest = text.partition(":")
    version, _, tier = rest.rpartition(":")
    api = Api.objects.published().filter(name__iexact=name, version=version).first()
    if api is None:
        raise CommandError(f"There is no API {name} {version} in the store (write NAME:VERSION:TIER, not {text}).")
    policy = tiers().filter(name__iexact=tier).first()
    if policy is None:
        raise CommandError(f"There is no tier {tier}; choose one of {', '.join(row.name for row in tiers())}.")
    return api, policy


def subscribe(application: Application, api: Api, policy: ThrottlingPolicy) -> None:
    """Subscribed under that tier, whatever it was before."""
    existing = Subscription.objects.filter(application=application, api=api).first()
    if existing is None:
        subscriptions.subscribe(application=application, api=api, policy=policy)
    elif existing.policy != policy:
        subscriptions.change_tier(subscription=existing, policy=policy)


def generate(application: Application, key_type: str, form: KeysForm) -> str | None:
    return keys.generate(application=application, key_type=key_type, settings=form.settings).consumer_secret


def change(key: ApplicationKey, form: KeysForm) -> str | None:
    keys.update(key=key, settings=form.settings)
    secrets = keys.describe(key=key).secrets
    return keys.regenerate(key=key, replaces=str(secrets[-1].id)) if secrets else None


def answer(application: Application, key_type: str, secret: str | None) -> dict[str, Any]:
    key = keys.find(application=application, key_type=key_type)
    if key is None:
        raise keys.KeysGoneError
    client = keys.describe(key=key)
    return {
        "application": application.name,
        "consumerKey": client.consumer_key,
        "consumerSecret": secret,
        "keyType": key_type,
        "callbackUrls": list(client.callback_urls),
        "grantTypes": list(client.grant_types),
        "scopes": list(client.scopes),
    }
