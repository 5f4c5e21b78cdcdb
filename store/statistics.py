"""Figures for developers."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from store import key_managers
from store.models import Application, ApplicationKey


@dataclass(frozen=True, kw_only=True)
class RegisteredUsers:
    application: Application
    users: list[str]
    """User names, sorted, each once."""


def registered_users(*, owner: User) -> list[RegisteredUsers]:
    """For each application of `owner`: who obtained access tokens by the password grant, under either key type."""
    keys = ApplicationKey.objects.filter(application__owner=owner).exclude(consumer_key=None)
    consumer_keys: dict[object, list[str]] = {}
    for application_id, consumer_key in keys.values_list("application_id", "consumer_key"):
        consumer_keys.setdefault(application_id, []).append(str(consumer_key))
    names = key_managers.current().registered_users([key for row in consumer_keys.values() for key in row])
    return [
        RegisteredUsers(application=application, users=union(names, consumer_keys.get(application.pk, [])))
        for application in Application.objects.owned_by(owner).by_name()
    ]


def union(names: dict[str, list[str]], consumer_keys: list[str]) -> list[str]:
    return sorted({name for consumer_key in consumer_keys for name in names.get(consumer_key, [])})
