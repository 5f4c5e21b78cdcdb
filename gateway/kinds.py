"""The kinds of resources that a gateway asks for, each with what makes the answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from gateway import apis, blocking, discovery, filters, revocations, throttling, verifying
from gateway.answers import Answer
from gateway.apis import PublishedApi
from gateway.throttling import Tier
from store import subscriptions
from store.throttling import Blocked, blocked


class State:
    """What the portal has now that several kinds are made of. Read when it is first needed, and once."""

    @cached_property
    def published(self) -> tuple[PublishedApi, ...]:
        return apis.published()

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        return throttling.tiers()

    @cached_property
    def blocked(self) -> Blocked:
        return blocked()


Make = Callable[[State], Answer]


def limit(name: str, state: State) -> Answer:
    return discovery.limit_answer(name, state.tiers)


FILTERS: dict[str, Make] = {
    filters.JWT: lambda state: verifying.answer(),
    filters.REVOKED_EARLIER: lambda state: revocations.earlier_answer(),
    filters.REVOKED_LATELY: lambda state: revocations.lately_answer(),
    filters.BLOCKED_PLACES: lambda state: blocking.places_answer(state.blocked),
    filters.BLOCKED_CALLERS: lambda state: blocking.callers_answer(state.blocked, subscriptions.ended()),
    **{name: partial(limit, name) for name in filters.LIMITS},
    filters.API: lambda state: discovery.subscription_answer(state.published),
    filters.PERMIT: lambda state: discovery.permit_answer(state.published),
}
ROUTES, CLUSTERS, FILTER = "routes", "clusters", "extension_configs"
WHOLE: dict[str, Make] = {
    ROUTES: lambda state: discovery.route_answer(state.published),
    CLUSTERS: lambda state: discovery.cluster_answer(state.published),
}


def is_slow(make: Make) -> bool:
    """Whether those who ask for others with it would wait for it."""
    return make is FILTERS[filters.REVOKED_EARLIER] and not revocations.is_earlier_made()


def of(kind: Any, names: Any) -> Make | None:
    """`kind`: the end of the address. One filter a question, by its name. None: there is no such thing."""
    if kind != FILTER:
        return WHOLE.get(kind) if isinstance(kind, str) else None
    name = names[0] if isinstance(names, list) and len(names) == 1 else None
    return FILTERS.get(name) if isinstance(name, str) else None
