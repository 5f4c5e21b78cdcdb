"""Traces of Envoy's own, by OpenTelemetry (docs/tracing.md); empty without a collector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gateway import clusters, faults
from store.endpoints import Endpoint

Config = dict[str, Any]

CLUSTER = "traces"
# W3C Trace Context 3 and W3C Baggage: how a caller would say which trace a call belongs to.
CONTEXT = ("traceparent", "tracestate", "baggage")
# What Envoy would tell by itself: the address with its query, and of whom. The other names are told in their place.
UNTOLD = ("http.url", "user_agent", "peer.address", "downstream_cluster")


def stripped() -> tuple[str, ...]:
    """From callers' requests, so that each call begins a trace (docs/tracing.md says why)."""
    return CONTEXT if settings.TRACES and not settings.TRACES_FROM_CALLERS else ()


def manager() -> Config:
    """For the connection manager: a span for each call, and one below it for the call to the backend."""
    collector = settings.TRACES
    if not collector:
        return {}
    told = {"http.route": faults.API, "route": "%ROUTE_NAME%", "http.response.status_code": "%RESPONSE_CODE%"}
    tags = [{"tag": name, "literal": {"value": "-"}} for name in UNTOLD]
    tracing = {
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": provider(collector.url, collector.headers)},
        "random_sampling": {"value": collector.ratio * 100},
        "operation": "%REQ(:METHOD)% %ROUTE_NAME%",
        "upstream_operation": "%REQ(:METHOD)% %ROUTE_NAME% backend",
        "spawn_upstream_span": True,
        "max_path_tag_length": 0,
        "custom_tags": [*tags, *({"tag": name, "value": value} for name, value in told.items())],
    }
    return {"tracing": tracing}


def provider(url: str, headers: Mapping[str, str]) -> Config:
    shown = [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in headers.items()
    ]
    service = {"http_uri": {"uri": url, "cluster": CLUSTER, "timeout": "3s"}}
    return {
        "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
        "service_name": "gateway",
        "http_service": {**service, "request_headers_to_add": shown},
    }


def collectors() -> list[Config]:
    """The cluster of the one there is."""
    collector = settings.TRACES
    if not collector:
        return []
    parts = urlsplit(collector.url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    endpoint = Endpoint(parts.scheme, parts.hostname or "", port, "")
    return [clusters.backend(CLUSTER, endpoint, ca_file=collector.ca_file)]


def runtime() -> Config:
    if not settings.TRACES:
        return {}
    values = {"flush_interval_ms": settings.TRACES.delay, "min_flush_spans": 100}
    return {f"tracing.opentelemetry.{name}": value for name, value in values.items()}
