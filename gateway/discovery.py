"""DiscoveryResponses: what an Envoy is answered when it asks for routes, clusters, permits or limits (REST xDS)."""

from __future__ import annotations

import json
import logging
from functools import lru_cache

from gateway import answers, apis, clusters, filters, made, permits, routes, shared_limits, throttling
from gateway.answers import Answer
from gateway.apis import PublishedApi
from gateway.throttling import Tier

log = logging.getLogger(__name__)


@made.of_all
def route_answer(published: tuple[PublishedApi, ...]) -> Answer:
    return answers.of(routes.TYPE_URL, [routes.text(_servable(published))])


@made.of_all
def cluster_answer(published: tuple[PublishedApi, ...]) -> Answer:
    backends = [text for api in _servable(published) if (text := _clusters_of(api))]
    return answers.of(clusters.TYPE_URL, [*backends, *map(json.dumps, shared_limits.of_service())])


@made.of_all
def subscription_answer(published: tuple[PublishedApi, ...]) -> Answer:
    return answers.extension(filters.API, permits.subscriptions(_servable(published)))


@made.of_all
def permit_answer(published: tuple[PublishedApi, ...]) -> Answer:
    asked = {permit for api in _servable(published) for permit in _permits_of(api)}
    return answers.extension(filters.PERMIT, permits.permits(sorted(asked)))


@made.of_each
def _permits_of(api: PublishedApi) -> frozenset[permits.Permit]:
    return frozenset(permits.all_of(api))


@lru_cache(maxsize=len(filters.LIMITS))
def limit_answer(name: str, known: tuple[Tier, ...]) -> Answer:
    """The filter of this name."""
    make = shared_limits.shared if shared_limits.enabled() else throttling.local
    return answers.extension(name, json.dumps(make(name, known)))


@made.of_each
def _clusters_of(api: PublishedApi) -> str:
    return ", ".join(json.dumps(cluster) for cluster in clusters.of_api(api))


def _servable(published: tuple[PublishedApi, ...]) -> tuple[PublishedApi, ...]:
    return tuple(api for api in published if _is_servable(api))


@made.of_each
def _is_servable(api: PublishedApi) -> bool:
    defect = defect_of(api)
    if defect:
        log.error("API %s is left out of the gateway: %s", api.path, defect)
    return not defect


def defect_of(api: PublishedApi) -> str:
    return apis.defect(api) or clusters.defect(api)


def left_out() -> list[tuple[str, str]]:
    """Published APIs that no gateway is told of, each with the reason."""
    defects = ((api.path, defect_of(api)) for api in apis.published())
    return [(path, defect) for path, defect in defects if defect]
