"""Subscriptions: an application may call an API, under a tier. Each change reaches the application's tokens."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from store import keys
from store.errors import StoreError
from store.models import Api, Application, Subscription, ThrottlingPolicy


class AlreadySubscribedError(StoreError):
    def __init__(self, application: Application, api: Api) -> None:
        super().__init__(f"{application} is subscribed to {api} already.")


class NotOpenError(StoreError):
    def __init__(self, api: Api) -> None:
        super().__init__(f"Subscriptions not allowed on APIs in the state: {api.status}")


def subscribe(*, application: Application, api: Api, policy: ThrottlingPolicy) -> Subscription:
    """AlreadySubscribedError, NotOpenError (only a published API takes new ones), keys.NotPushedError."""
    if api.status != Api.Status.PUBLISHED:
        raise NotOpenError(api)
    try:
        with transaction.atomic():
            subscription = Subscription.objects.create(application=application, api=api, policy=policy)
    except IntegrityError as error:
        raise AlreadySubscribedError(application, api) from error
    keys.push(application=application)
    return subscription


def change_tier(*, subscription: Subscription, policy: ThrottlingPolicy) -> None:
    """keys.NotPushedError."""
    subscription.policy = policy
    subscription.save(update_fields=["policy"])
    keys.push(application=subscription.application)


def unsubscribe(*, subscription: Subscription) -> None:
    """The application's next tokens cannot call the API. keys.NotPushedError."""
    application = subscription.application
    subscription.delete()
    keys.push(application=application)
