"""Applications: added, changed, removed."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from store import api_keys, keys
from store.errors import StoreError
from store.models import Application, ThrottlingPolicy


class NameTakenError(StoreError):
    def __init__(self, name: str) -> None:
        super().__init__(f"You already have an application called {name}.")


def add(*, owner: User, name: str, policy: ThrottlingPolicy, description: str, token_type: str) -> Application:
    """A new application of `owner`. NameTakenError: theirs has that name already, whatever the case of its letters."""
    try:
        with transaction.atomic():
            return Application.objects.create(
                owner=owner, name=name, policy=policy, description=description, token_type=token_type
            )
    except IntegrityError as error:
        raise NameTakenError(name) from error


def edit(
    *, application: Application, name: str, policy: ThrottlingPolicy, description: str, token_type: str
) -> Application:
    """Other words and another quota; its clients learn of both. Errors: as `add` and `keys.push`."""
    application.name = name
    application.policy = policy
    application.description = description
    application.token_type = token_type
    try:
        with transaction.atomic():
            application.save(update_fields=["name", "policy", "description", "token_type"])
    except IntegrityError as error:
        raise NameTakenError(name) from error
    keys.push(application=application)
    return application


def has_keys(*, application: Application) -> bool:
    """Whether there is anything that it can call with."""
    return application.keys.exists() or api_keys.of(application=application).exists()


def delete(*, application: Application) -> None:
    """The application with its keys, subscriptions and tokens.

    The clients go first: should the second half fail, there is an application without working keys, which can be
    deleted again, and never a client that works and belongs to nobody. keys.KeyManagerRefusedError.
    """
    for key in application.keys.all():
        keys.remove_client(key=key)
    application.delete()
