"""DiscoveryResponses: what an Envoy is answered when it asks for its routes, clusters or limits (REST xDS)."""

from __future__ import annotations

import logging
from functools import lru_cache

from gateway import answers, apis, clusters, filters, routes, shared_limits, throttling
from gateway.answers import Answer
from gateway.apis import PublishedApi
from gateway.throttling import Tier

log = logging.getLogger(__name__)


def route_answer() -> Answer:
    return _routes(apis.published())


def cluster_answer() -> Answer:
    return _clusters(apis.published())


# The rows are read each time, so nothing goes stale however they were changed; only the building is spared.
@lru_cache(maxsize=1)
def _routes(published: tuple[PublishedApi, ...]) -> Answer:
    return answers.of(routes.TYPE_URL, [routes.configuration(_servable(published))])


@lru_cache(maxsize=1)
def _clusters(published: tuple[PublishedApi, ...]) -> Answer:
    backends = [cluster for api in _servable(published) for cluster in clusters.of_api(api)]
    return answers.of(clusters.TYPE_URL, [*backends, *shared_limits.of_service()])


def limit_answer(name: str) -> Answer:
    """The filter of this name. One statement."""
    return _limit(name, throttling.tiers())


@lru_cache(maxsize=len(filters.LIMITS))
def _limit(name: str, known: tuple[Tier, ...]) -> Answer:
    made = shared_limits.shared if shared_limits.enabled() else throttling.local
    return answers.extension(name, made(name, known))


def _servable(published: tuple[PublishedApi, ...]) -> tuple[PublishedApi, ...]:
    defects = {api: apis.defect(api) for api in published}
    for api, defect in defects.items():
        if defect:
            log.error("API %s is left out of the gateway: %s", api.path, defect)
    return tuple(api for api, defect in defects.items() if not defect)
