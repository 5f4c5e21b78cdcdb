"""A span for each request that the portal answers. Only imported where traces are collected (docs/tracing.md).

A span says which address by its route, never with what is in its place; no query, no header, nobody's name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from apimanager import machine_endpoints
from gateway.checks import is_from_gateway

# Asked each second by machines that look whether there is something new, or whether we live.
UNTRACED = ("/v3/discovery:", "/gateway/news", "/gateway/revocations", "/health", "/ready", "/metrics")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
PROPAGATOR = TraceContextTextMapPropagator()


class TracingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.tracer = tracer()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(UNTRACED):
            return self.get_response(request)
        method = request.method if request.method in METHODS else "HTTP"
        told = {"http.request.method": f"{method}"}
        with self.tracer.start_as_current_span(
            f"{method}", parent(request), SpanKind.SERVER, told, record_exception=False
        ) as span:
            response = self.get_response(request)
            describe(span, f"{method}", request, response)
        return response


def describe(span: Span, method: str, request: HttpRequest, response: HttpResponse) -> None:
    if place := route(request):
        span.update_name(f"{method} {place}")
        span.set_attribute("http.route", place)
    span.set_attribute("http.response.status_code", response.status_code)
    if response.status_code >= 500:
        span.set_status(StatusCode.ERROR)


@cache
def tracer() -> Tracer:
    """One a process. Spans are sent by a thread of their own, and dropped when there is
    nobody to take them."""
    sampler = ParentBased(TraceIdRatioBased(settings.TRACES.ratio if settings.TRACES else 0))
    provider = TracerProvider(sampler=sampler, resource=Resource.create({"service.name": "portal"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("apimanager")


def parent(request: HttpRequest) -> Context:
    """W3C Trace Context 2: that of our gateway. What others say of a trace could put their spans into another's, and
    have all of theirs collected."""
    if not (settings.TRACES_FROM_CALLERS or is_from_gateway(request)):
        return Context()
    carrier = {name: request.headers[name] for name in ("traceparent", "tracestate") if name in request.headers}
    return PROPAGATOR.extract(carrier, Context())


def route(request: HttpRequest) -> str:
    """/store/apis/<uuid:api_id>; empty for what is nowhere."""
    if request.resolver_match:
        return f"/{request.resolver_match.route}"
    return request.path_info if request.path_info in machine_endpoints.by_path() else ""
