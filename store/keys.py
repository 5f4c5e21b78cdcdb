"""Key sets: generated, described, changed, cleaned up. Everything about the client itself is across the seam.

Deeds here commit their own row first and never hold a transaction open over a call to the key manager.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from store import key_managers
from store.errors import StoreError
from store.key_managers.base import (
    ClientDescription,
    ClientSettings,
    Credentials,
    IssuedToken,
    KeyManagerError,
)
from store.models import Application, ApplicationKey, KeyType, Subscription


@dataclass(frozen=True, kw_only=True)
class KeySettings:
    """What a developer chooses for a key set. scopes empty: all of the subscribed APIs; lifetime in seconds."""

    callback_urls: Sequence[str]
    grant_types: Sequence[str]
    scopes: Sequence[str]
    access_token_lifetime: int
    public: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    post_logout_urls: Sequence[str] = ()


class KeysExistError(StoreError):
    def __init__(self, key_type: str) -> None:
        super().__init__(f"{KeyType(key_type).label} keys exist already.")


class KeysGoneError(StoreError):
    def __init__(self) -> None:
        super().__init__("These keys or their application were removed in the meantime. Nothing was generated.")


class SecretReplacedError(StoreError):
    def __init__(self) -> None:
        super().__init__("This secret was replaced already; the new one was shown at that time and cannot be again.")


class KeyManagerRefusedError(StoreError):
    """The key manager said no or did not answer; its sentence is passed on."""


class NotPushedError(StoreError):
    def __init__(self, reason: Exception) -> None:
        super().__init__(f"Saved, but the keys do not know it yet: {reason} Press “Update” on the keys to try again.")


def find(*, application: Application, key_type: str) -> ApplicationKey | None:
    return application.keys.filter(key_type=key_type).first()


def available_scopes(*, application: Application) -> dict[str, str]:
    """Scopes of the APIs it is subscribed to, with their descriptions."""
    return {name: words for row in usable(application) for name, words in row.api.scopes.items()}


def usable(application: Application) -> list[Subscription]:
    rows = application.subscriptions.filter(status=Subscription.Status.UNBLOCKED)
    read = rows.select_related("api", "policy").defer("api__resources", "api__backend", "api__cors")
    return list(read.order_by("api__name", "api__version"))


def generate(*, application: Application, key_type: str, settings: KeySettings) -> Credentials:
    """Keys of that type, once: the row is taken before the key manager is asked, so of two at once one is refused.

    KeysExistError, KeyManagerRefusedError (nothing remains, one may try again), KeysGoneError.
    """
    key = reserve(application, key_type, settings)
    try:
        registered = client_settings(key, settings)
        credentials = key_managers.current().register(registered)
    except KeyManagerError as error:
        key.delete()
        raise KeyManagerRefusedError(str(error)) from error
    complete(key, credentials)
    settle(key, settings, written=registered)
    return credentials


def reserve(application: Application, key_type: str, settings: KeySettings) -> ApplicationKey:
    try:
        with transaction.atomic():
            return ApplicationKey.objects.create(
                application=application, key_type=key_type, scopes=list(settings.scopes)
            )
    except IntegrityError as error:
        raise KeysExistError(key_type) from error


def complete(key: ApplicationKey, credentials: Credentials) -> None:
    key.consumer_key = credentials.consumer_key
    key.state = ApplicationKey.State.COMPLETED
    taken = ApplicationKey.objects.filter(pk=key.pk)
    if not taken.update(consumer_key=key.consumer_key, state=key.state):
        # Cleaned up or deleted in the meantime: a client that no application knows must not stay.
        key_managers.current().delete(credentials.consumer_key)
        raise KeysGoneError


def describe(*, key: ApplicationKey) -> ClientDescription:
    """Only of a completed key. KeyManagerRefusedError."""
    try:
        return key_managers.current().describe(str(key.consumer_key))
    except KeyManagerError as error:
        raise KeyManagerRefusedError(str(error)) from error


def update(*, key: ApplicationKey, settings: KeySettings) -> None:
    """Other settings from now on; the credentials stay. KeyManagerRefusedError."""
    key.scopes = list(settings.scopes)
    key.save(update_fields=["scopes"])
    try:
        settle(key, settings)
    except KeyManagerError as error:
        raise KeyManagerRefusedError(str(error)) from error


def regenerate(*, key: ApplicationKey, replaces: str) -> str:
    """A new secret in place of the one whose id is `replaces`, so that sending a form twice replaces once.

    SecretReplacedError, KeyManagerRefusedError.
    """
    current = describe(key=key).secrets
    if replaces not in {str(secret.id) for secret in current}:
        raise SecretReplacedError
    try:
        return key_managers.current().regenerate_secret(str(key.consumer_key))
    except KeyManagerError as error:
        raise KeyManagerRefusedError(str(error)) from error


def issue_test_token(*, key: ApplicationKey) -> IssuedToken:
    """An access token of the application itself, with every scope it may have. KeyManagerRefusedError."""
    try:
        return key_managers.current().test_token(str(key.consumer_key), describe(key=key).scopes)
    except KeyManagerError as error:
        raise KeyManagerRefusedError(str(error)) from error


def clean_up(*, key: ApplicationKey) -> None:
    """Removes what was left of a key set whose generation broke off. Twice is once."""
    remove_client(key=key)
    ApplicationKey.objects.filter(pk=key.pk).delete()


def remove_client(*, key: ApplicationKey) -> None:
    """The client with its tokens, if there is one. KeyManagerRefusedError."""
    try:
        if key.consumer_key:
            key_managers.current().delete(key.consumer_key)
    except KeyManagerError as error:
        raise KeyManagerRefusedError(str(error)) from error


def push(*, application: Application) -> None:
    """Tells the clients what the application may do now: scopes and claims follow its subscriptions. NotPushedError."""
    key_manager = key_managers.current()
    for key in application.keys.filter(state=ApplicationKey.State.COMPLETED):
        try:
            client = key_manager.describe(str(key.consumer_key))
            settle(key, settings_of(key, client))
        except KeyManagerError as error:
            raise NotPushedError(error) from error


def settle(key: ApplicationKey, settings: KeySettings, written: ClientSettings | None = None) -> None:
    """Tells the client until what was `written` is what is true.

    Two changes at once each tell the client, and the one that looked first may be the one that writes last; so each
    looks again after it wrote. No lock is needed, and none is held over the call.
    """
    while (wanted := client_settings(key, settings)) != written:
        key_managers.current().update(str(key.consumer_key), wanted)
        written = wanted


def settings_of(key: ApplicationKey, client: ClientDescription) -> KeySettings:
    """The choices a client was made from, its scopes as the developer chose them."""
    return KeySettings(
        callback_urls=client.callback_urls,
        grant_types=client.grant_types,
        scopes=key.scopes,
        access_token_lifetime=client.access_token_lifetime,
        public=client.public,
        metadata=client.metadata,
        post_logout_urls=client.post_logout_urls,
    )


def client_settings(key: ApplicationKey, settings: KeySettings) -> ClientSettings:
    application = Application.objects.select_related("owner", "policy").filter(pk=key.application_id).first()
    if application is None:
        raise KeysGoneError
    subscriptions = usable(application)
    offered = {name for row in subscriptions for name in row.api.scopes}
    return ClientSettings(
        name=application.name,
        owner_id=application.owner_id,
        owner_name=application.owner.get_username(),
        key_type=key.key_type,
        callback_urls=settings.callback_urls,
        grant_types=settings.grant_types,
        scopes=sorted(offered & set(settings.scopes) if settings.scopes else offered),
        token_type=application.token_type,
        access_token_lifetime=settings.access_token_lifetime,
        public=settings.public,
        metadata=settings.metadata,
        post_logout_urls=settings.post_logout_urls,
        claims=claims(application, {row.api.path: row.policy.name for row in subscriptions}),
    )


def claims(application: Application, tiers: Mapping[str, str]) -> Mapping[str, Any]:
    """What every access token says about the application: the gateway decides by it. `tiers`: by an API's path."""
    return {
        "application": {
            "id": str(application.pk),
            "name": application.name,
            "tier": application.policy.name,
            "owner": application.owner.get_username(),
        },
        "subscriptions": {path.removeprefix("/"): tier for path, tier in tiers.items()},
    }
