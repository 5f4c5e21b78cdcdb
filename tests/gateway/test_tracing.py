"""One call, as a collector of traces sees it: the gateway, the portal and the photo service under one id."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from tests.collector import Collector, Span
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Backend, Part, Reply
from tests.gateway.store_rows import LivePortal, Mint
from tests.gateway.test_real_tokens import token_answer

# Parts of its own, so another process may have them.
SERVER, CLIENT = 2, 3
FOREIGN = "0123456789abcdef0123456789abcdef"


@dataclass
class Traced(Live):
    collector: Collector
    photos: Part

    @property
    def photos_url(self) -> str:
        return f"http://127.0.0.1:{self.photos.port}"

    def spans_of(self, reply: Reply, count: int) -> list[Span]:
        """Of the trace that the answered call is in, once there are so many."""

        def found() -> list[Span]:
            name, spans = reply.headers["x-request-id"], self.collector.spans
            traces = {span.trace for span in spans if span.attributes.get("guid:x-request-id") == name}
            return [span for span in spans if span.trace in traces]

        parts.seconds_until(lambda: len(found()) >= count)
        return found()


def one(spans: list[Span], service: str, kind: int) -> Span:
    (found,) = [span for span in spans if (span.service, span.kind) == (service, kind)]
    return found


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.end()


@pytest.fixture(scope="module")
def traced(
    collector: Collector,
    var: Path,
    backend: Backend,
    migrated_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: Any,
) -> Iterator[Traced]:
    """A second set of parts that tell this collector."""
    folder = tmp_path_factory.mktemp("traced")
    shutil.copytree(var / "tls", folder / "tls")
    gateway = parts.gateway(folder, parts.free_port())
    portal = parts.portal(folder, parts.free_port(), gateway.port)
    telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    telemetry["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=of%20the%20collector"
    portal.environment |= telemetry
    agent = parts.agent(folder)
    shutil.copyfile(migrated_file, folder / "portal.sqlite3")
    parts.manage(portal, "write_envoy_bootstrap")
    store = LivePortal(folder / "portal.sqlite3", django_db_blocker.unblock, alias="traced_portal")
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, audience = f"https://localhost:{portal.port}", f"https://localhost:{gateway.port}"
    mint = Mint(issuer, audience, key, store.add_signing_key(key))
    photos = photo_service(folder, issuer, audience, telemetry)
    store.publish("/echo", backend.url)
    store.publish("/photos", f"http://127.0.0.1:{photos.port}")
    started = [portal, agent, gateway, photos]
    try:
        for part in started:
            part.start(wait=False)
        parts.seconds_until(portal.answers)
        parts.seconds_until(gateway.answers)
        parts.seconds_until(lambda: is_answering(photos))
        parts.seconds_until(lambda: gateway.get("/echo/1.0/", mint.token("echo/1.0")).status == 200)
        yield Traced(portal, agent, gateway, backend, store, mint, collector, photos)
    finally:
        for part in started:
            part.end()
        store.forget()


def photo_service(folder: Path, issuer: str, audience: str, telemetry: dict[str, str]) -> Part:
    port = parts.free_port()
    environment = telemetry | {
        "DJANGO_SETTINGS_MODULE": "photos.settings",
        "PHOTOS_VAR": str(folder / "photos"),
        "PHOTOS_ISSUER": issuer,
        "PHOTOS_JWKS_URL": f"{issuer}/oauth2/jwks",
        "PHOTOS_AUDIENCE": audience,
        "PHOTOS_CA_FILE": str(folder / "tls" / "ca.pem"),
    }
    migrate = [sys.executable, "-m", "photos", "migrate", "-v", "0"]
    subprocess.run(migrate, cwd=parts.REPOSITORY, env={**os.environ, **environment}, check=True)
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--workers", "1"]
    return Part(folder, port, [parts.binary("granian"), *options, "photos.wsgi:application"], environment)


def is_answering(photos: Part) -> bool:
    """It has no TLS."""
    try:
        return requests.get(f"http://127.0.0.1:{photos.port}/health", timeout=2).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


@pytest.fixture
def opaque(traced: Traced) -> str:
    """A new one, so that Envoy asks the portal about it."""
    options = ["--token-type", "OAUTH", "--subscribe", "photos:1.0:Gold"]
    return str(token_answer(traced, f"Traced {uuid.uuid4().hex}", *options).json["access_token"])


def test_one_call_is_one_trace_of_three_services(traced: Traced, opaque: str) -> None:
    reply = traced.gateway.get("/photos/1.0/openapi.json", opaque)

    assert reply.status == 200
    spans = traced.spans_of(reply, 5)
    assert len({span.trace for span in spans}) == 1
    call = one(spans, "gateway", SERVER)
    asking, passing_on = sorted((s for s in spans if s.kind == CLIENT), key=lambda span: span.name.startswith("GET"))
    assert (call.parent, asking.parent, passing_on.parent) == ("", call.id, call.id)
    assert one(spans, "portal", SERVER).parent == asking.id
    assert one(spans, "photos", SERVER).parent == passing_on.id


def test_spans_are_named_by_route(traced: Traced, opaque: str) -> None:
    spans = traced.spans_of(traced.gateway.get("/photos/1.0/openapi.json", opaque), 5)

    assert [one(spans, service, SERVER).name for service in ("gateway", "portal", "photos")] == [
        "GET photos/1.0 GET /* PRODUCTION",
        "GET /gateway/exchange",
        "GET /openapi.json",
    ]
    assert one(spans, "photos", SERVER).attributes["http.route"] == "/openapi.json"


def test_nothing_of_the_caller_is_told(traced: Traced, opaque: str) -> None:
    secrets = {"Authorization": f"Bearer {opaque}", "User-Agent": "Fingerprint/1.0", "Cookie": "cookie=crumb"}
    path = f"/photos/1.0/pictures/{uuid.uuid4()}?access_token=in-the-query"

    spans = traced.spans_of(traced.gateway.call("GET", path, headers=secrets), 5)

    told = " ".join(span.texts for span in spans)
    assert "GET /pictures/<uuid:picture_id>" in told
    for secret in (opaque, "Fingerprint", "crumb", "in-the-query", path[21:57], "alice", "Traced"):
        assert secret not in told


def test_trace_of_a_caller_is_not_gone_on_with(traced: Traced, opaque: str) -> None:
    foreign = {"traceparent": f"00-{FOREIGN}-0123456789abcdef-01", "tracestate": "a=b", "baggage": "who=bob"}

    reply = traced.gateway.get("/echo/1.0/", traced.mint.token("echo/1.0"), **foreign)

    seen = reply.json["headers"]
    assert FOREIGN not in seen["traceparent"]
    assert ("baggage" in seen, seen.get("tracestate", "")) == (False, "")
    assert one(traced.spans_of(reply, 2), "gateway", SERVER).parent == ""


def test_decision_that_came_with_a_call_is_kept(traced: Traced) -> None:
    traces = {"00": uuid.uuid4().hex, "01": uuid.uuid4().hex}
    for sampled, trace in traces.items():
        headers = {
            "traceparent": f"00-{trace}-0123456789abcdef-{sampled}",
            "X-Gateway-Proof": parts.proof(traced.portal),
        }
        traced.portal.call("GET", "/oauth2/jwks", headers=headers)
        requests.get(f"{traced.photos_url}/openapi.json", headers=headers, timeout=10)

    def collected(sampled: str) -> set[str]:
        return {span.service for span in traced.collector.spans if span.trace == traces[sampled]}

    parts.seconds_until(lambda: collected("01") == {"portal", "photos"})
    assert collected("00") == set()


def test_stranger_at_the_portal_begins_a_trace(traced: Traced) -> None:
    trace = uuid.uuid4().hex
    before = len(traced.collector.spans)

    traced.portal.call("GET", "/oauth2/jwks", headers={"traceparent": f"00-{trace}-0123456789abcdef-01"})

    def seen() -> list[Span]:
        return [s for s in traced.collector.spans[before:] if s.name == "GET /oauth2/jwks" and not s.parent]

    parts.seconds_until(lambda: len(seen()) > 0)
    assert trace not in {span.trace for span in seen()}


def test_looking_for_news_is_not_traced(traced: Traced) -> None:
    parts.seconds_until(lambda: bool(traced.collector.spans))

    assert not [span for span in traced.collector.spans if "discovery" in span.name]


def test_collector_is_shown_the_key_it_asks_for(traced: Traced, opaque: str) -> None:
    traced.spans_of(traced.gateway.get("/photos/1.0/openapi.json", opaque), 5)

    assert {headers.get("x-key") for headers in traced.collector.headers} == {"of the collector"}


LOADED = """
import sys
import uuid
from django.core.wsgi import get_wsgi_application
get_wsgi_application()
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


@pytest.mark.parametrize("settings", ["tests.settings", "photos.settings"])
def test_without_a_collector_nothing_is_imported(settings: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings, "APIM_VAR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=parts.REPOSITORY, env=environment, capture_output=True, text=True
    )

    assert done.stdout == "[]\n", done.stderr
