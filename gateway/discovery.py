"""DiscoveryResponses: what an Envoy is answered when it asks for routes, clusters or permits (REST xDS)."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any

from gateway import apis, clusters, filters, made, permits, routes
from gateway.answers import Answer
from gateway.apis import PublishedApi

log = logging.getLogger(__name__)

FILTER_TYPE_URL = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


def route_answer() -> Answer:
    return _routes(apis.published())


def cluster_answer() -> Answer:
    return _clusters(apis.published())


def subscription_answer() -> Answer:
    return _subscriptions(apis.published())


def permit_answer() -> Answer:
    return _permits(apis.published())


@made.of_all
def _routes(published: tuple[PublishedApi, ...]) -> Answer:
    return _answer(routes.TYPE_URL, [routes.text(_servable(published))])


@made.of_all
def _clusters(published: tuple[PublishedApi, ...]) -> Answer:
    return _answer(clusters.TYPE_URL, [text for api in _servable(published) if (text := _clusters_of(api))])


@made.of_all
def _subscriptions(published: tuple[PublishedApi, ...]) -> Answer:
    return _filter(filters.API, permits.subscriptions(_servable(published)))


@made.of_all
def _permits(published: tuple[PublishedApi, ...]) -> Answer:
    asked = {permit for api in _servable(published) for permit in _permits_of(api)}
    return _filter(filters.PERMIT, permits.permits(sorted(asked)))


@made.of_each
def _permits_of(api: PublishedApi) -> frozenset[permits.Permit]:
    return frozenset(permits.all_of(api))


def _filter(name: str, config: str) -> Answer:
    start = json.dumps({"@type": FILTER_TYPE_URL, "name": name})[:-1]
    return _answer(FILTER_TYPE_URL, [f'{start}, "typed_config": {config}}}'])


@made.of_each
def _clusters_of(api: PublishedApi) -> str:
    return ", ".join(json.dumps(cluster) for cluster in clusters.of_api(api))


def _servable(published: tuple[PublishedApi, ...]) -> tuple[PublishedApi, ...]:
    return tuple(api for api in published if _is_servable(api))


@made.of_each
def _is_servable(api: PublishedApi) -> bool:
    defect = apis.defect(api)
    if defect:
        log.error("API %s is left out of the gateway: %s", api.path, defect)
    return not defect


def _answer(type_url: str, resources: Sequence[str]) -> Answer:
    """The version is the hash of the resources: the same in every portal process, and after a restart."""
    text = ", ".join(resources)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    start: dict[str, Any] = {"version_info": version, "type_url": type_url}
    return Answer(version, f'{json.dumps(start)[:-1]}, "resources": [{text}]}}'.encode())
