"""What Prometheus is told at /metrics: the gateways, what was counted of their calls (docs/statistics.md), mails."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts import mails
from apimanager import exposition
from apimanager.exposition import Family, Sample
from gateway import nodes
from gateway.nodes import Node
from store.usage_models import ApiTotal

BOUNDS = (10, 50, 100, 500, 1000, 5000)
FORWARDED = ("Forwarded", "X-Forwarded-For")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever shows the key; without a key set, for this machine alone. To others it is not there."""
    if not is_allowed(request):
        raise Http404
    totals = list(ApiTotal.objects.order_by("api", "version", "status"))
    families = [*of_gateways(nodes.all_nodes()), *of_mails(), *of_calls(totals)]
    return HttpResponse(exposition.text(families), content_type=exposition.CONTENT_TYPE)


def is_allowed(request: HttpRequest) -> bool:
    if settings.METRICS_KEY:
        shown = request.headers.get("Authorization", "")
        expected = f"Bearer {settings.METRICS_KEY}"
        return hmac.compare_digest(shown.encode(errors="replace"), expected.encode())
    # What a proxy on this machine passes on comes from here too, but not from this machine.
    return is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(name in request.headers for name in FORWARDED)


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def of_gateways(found: list[Node]) -> list[Family]:
    def told(value: str) -> list[Sample]:
        return [Sample({"node": node.name}, float(getattr(node, value))) for node in found]

    def counted(value: str) -> list[Sample]:
        rows = [node.position for node in found if node.position]
        return [Sample({"node": row.node}, getattr(row, value)) for row in rows]

    seen = [Sample({"node": node.name}, node.seen_at.timestamp()) for node in found if node.seen_at]
    looked = [Sample({"node": row.node}, row.looked_at.timestamp()) for row in (n.position for n in found) if row]
    return [
        Family("apim_gateway_last_seen_timestamp_seconds", "gauge", "When it last asked for its state.", seen),
        Family("apim_gateway_away", "gauge", "1: it has not asked for 30 seconds.", told("is_away")),
        Family("apim_gateway_lag_seconds", "gauge", "For how long its state has been old.", told("lag")),
        Family("apim_counter_last_look_timestamp_seconds", "gauge", "When its call log was last read.", looked),
        Family("apim_counter_waiting_bytes", "gauge", "Of the call log, not counted yet.", counted("behind")),
        Family("apim_counter_calls_total", "counter", "Calls counted.", counted("calls")),
        Family("apim_counter_unreadable_lines_total", "counter", "Lines that told nothing.", counted("unreadable")),
    ]


def of_mails() -> list[Family]:
    count, since = mails.waiting()
    oldest = [Sample({}, since.timestamp())] if since else []
    return [
        Family("apim_mails_waiting", "gauge", "Mails not sent yet.", [Sample({}, count)]),
        Family("apim_mails_waiting_since_timestamp_seconds", "gauge", "When the oldest of them was written.", oldest),
    ]


def of_calls(rows: list[ApiTotal]) -> list[Family]:
    def summed(value: str) -> list[Sample]:
        return [Sample(labels(row), getattr(row, value)) for row in rows]

    took = [sample for row in rows for sample in histogram(row)]
    waited = [Sample(labels(row), row.backend_milliseconds / 1000) for row in rows]
    return [
        Family("apim_api_call_duration_seconds", "histogram", "Calls, by how long they took in all.", took),
        Family("apim_api_backend_seconds_total", "counter", "Until the backends' answers began.", waited),
        Family("apim_api_backend_calls_total", "counter", "Calls a backend answered.", summed("backend_calls")),
        Family("apim_api_received_bytes_total", "counter", "Bodies of requests.", summed("bytes_in")),
        Family("apim_api_sent_bytes_total", "counter", "Bodies of answers.", summed("bytes_out")),
    ]


def labels(row: ApiTotal) -> dict[str, str]:
    """An empty `api`: the token API and what is nowhere."""
    return {"api": row.api, "version": row.version, "status": str(row.status)}


def histogram(row: ApiTotal) -> Iterator[Sample]:
    buckets: Iterable[tuple[str, int]] = [
        *((str(bound / 1000), getattr(row, f"within_{bound}")) for bound in BOUNDS),
        ("+Inf", row.calls),
    ]
    for bound, calls in buckets:
        yield Sample({**labels(row), "le": bound}, calls, "_bucket")
    yield Sample(labels(row), row.milliseconds / 1000, "_sum")
    yield Sample(labels(row), row.calls, "_count")
