"""A span for each call, for who runs the service. Only imported where traces are collected.

It says which address by its route, never which picture; no query, no header, nobody's name. The exporter reads its
variables (OTEL_EXPORTER_OTLP_…) by itself.
"""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from photos.limits import Handler

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})
PROPAGATOR = TraceContextTextMapPropagator()


def trace(get_response: Handler) -> Handler:
    """Middleware. Only the gateway reaches this service, so the trace that a call names is gone on with (W3C Trace
    Context 2), and whether it is collected has been decided there."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info == "/health":
            return get_response(request)
        method = request.method if request.method in METHODS else "HTTP"
        carrier = {name: request.headers[name] for name in ("traceparent", "tracestate") if name in request.headers}
        with tracer().start_as_current_span(
            f"{method}", PROPAGATOR.extract(carrier, Context()), SpanKind.SERVER, record_exception=False
        ) as span:
            response = get_response(request)
            if request.resolver_match:
                place = f"/{request.resolver_match.route}"
                span.update_name(f"{method} {place}")
                span.set_attribute("http.route", place)
            span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                span.set_status(StatusCode.ERROR)
        return response

    return handle


@cache
def tracer() -> Tracer:
    """One a process; its spans are sent by a thread of its own, and dropped when there is nobody to take them."""
    provider = TracerProvider(resource=Resource.create({"service.name": "photos"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("photos")
