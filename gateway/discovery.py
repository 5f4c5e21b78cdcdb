"""DiscoveryResponses: what an Envoy is answered when it asks for its routes or clusters (REST xDS)."""

from __future__ import annotations

import hashlib
import json
import logging
from functools import lru_cache
from typing import Any

from gateway import apis, clusters, routes
from gateway.answers import Answer
from gateway.apis import PublishedApi

log = logging.getLogger(__name__)


def route_answer() -> Answer:
    return _routes(apis.published())


def cluster_answer() -> Answer:
    return _clusters(apis.published())


# The rows are read each time, so nothing goes stale however they were changed; only the building is spared.
@lru_cache(maxsize=1)
def _routes(published: tuple[PublishedApi, ...]) -> Answer:
    return _answer(routes.TYPE_URL, [routes.configuration(_servable(published))])


@lru_cache(maxsize=1)
def _clusters(published: tuple[PublishedApi, ...]) -> Answer:
    return _answer(clusters.TYPE_URL, [cluster for api in _servable(published) for cluster in clusters.of_api(api)])


def _servable(published: tuple[PublishedApi, ...]) -> tuple[PublishedApi, ...]:
    defects = {api: defect_of(api) for api in published}
    for api, defect in defects.items():
        if defect:
            log.error("API %s is left out of the gateway: %s", api.path, defect)
    return tuple(api for api, defect in defects.items() if not defect)


def defect_of(api: PublishedApi) -> str:
    return apis.defect(api) or clusters.defect(api)


def left_out() -> list[tuple[str, str]]:
    """Published APIs that no gateway is told of, each with the reason."""
    defects = ((api.path, defect_of(api)) for api in apis.published())
    return [(path, defect) for path, defect in defects if defect]


def _answer(type_url: str, resources: list[dict[str, Any]]) -> Answer:
    """The version is the hash of the resources: the same in every portal process, and after a restart."""
    version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
    response = {"version_info": version, "type_url": type_url, "resources": resources}
    return Answer(version, json.dumps(response).encode())
