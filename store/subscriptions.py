"""Subscriptions: an application may call an API, under a tier. Each change reaches the application's tokens."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from store import keys
from store.errors import StoreError
from store.models import Api, Application, EndedSubscription, Subscription, ThrottlingPolicy

# No token of an application lives for longer (keymanager/revoked.py).
LONGEST_TOKEN = timedelta(days=366)


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
            EndedSubscription.objects.filter(application=application, api=api).delete()
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
    """The application's next tokens cannot call the API, and gateways refuse those it has. keys.NotPushedError."""
    application, now = subscription.application, timezone.now()
    with transaction.atomic():
        EndedSubscription.objects.filter(ended_at__lt=now - LONGEST_TOKEN).delete()
        EndedSubscription.objects.update_or_create(
            application=application, api=subscription.api, defaults={"ended_at": now}
        )
        subscription.delete()
    keys.push(application=application)


def ended() -> tuple[tuple[str, str], ...]:
    """Consumer keys, each with the path of an API it was subscribed to, in a fixed order; without APIs that ask for no
    subscription. One statement."""
    rows = EndedSubscription.objects.filter(
        ended_at__gt=timezone.now() - LONGEST_TOKEN,
        api__subscriptionless_tier="",
        application__keys__consumer_key__isnull=False,
    ).values_list("application__keys__consumer_key", "api__context", "api__version")
    return tuple(sorted((str(key), f"{context}/{version}") for key, context, version in rows))
