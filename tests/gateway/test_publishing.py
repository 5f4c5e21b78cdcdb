"""The portal's published APIs become the gateway's routes, within seconds and without a restart."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts import sealing
from store import resources
from store.models import Api
from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Backend
from tests.gateway.store_rows import resource

SOON = parts.SOON + 1


@pytest.fixture
def path() -> str:
    """A context nobody has used."""
    return f"/api-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def other_backend(var: Path) -> Iterator[Backend]:
    backend = Backend(tls=var / "tls")
    yield backend
    backend.end()


def serves(live: Live, path: str, **claims: str) -> bool:
    return live.gateway.get(f"{path}/1.0/", live.mint.token(f"{path[1:]}/1.0", **claims)).status == 200


def published(live: Live, path: str, production: str, sandbox: str = "") -> Api:
    """A new API, once the gateway knows it."""
    api = live.store.publish(path, production, sandbox)
    parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/").status == 401)
    return api


def test_published_api_is_live_in_seconds(live: Live, path: str) -> None:
    assert not serves(live, path)

    live.store.publish(path, live.backend.url)

    assert parts.seconds_until(lambda: serves(live, path)) < SOON


def test_blocked_api_says_so_in_seconds_and_comes_back(live: Live, path: str) -> None:
    api = published(live, path, live.backend.url)

    live.store.change(api, status="BLOCKED")
    assert parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/").status == 503) < SOON
    assert live.gateway.get(f"{path}/1.0/").fault == (503, 700700)

    live.store.change(api, status="PUBLISHED")
    assert parts.seconds_until(lambda: serves(live, path)) < SOON


def test_retired_api_is_gone_in_seconds(live: Live, path: str) -> None:
    api = published(live, path, live.backend.url)

    live.store.change(api, status="RETIRED")

    assert parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/").status == 404) < SOON


def test_api_in_creation_is_not_served(live: Live, path: str) -> None:
    api = live.store.publish(path, live.backend.url)
    live.store.change(api, status="CREATED")

    published(live, f"{path}-later", live.backend.url)

    assert live.gateway.get(f"{path}/1.0/").fault == (404, 404)


def test_changed_endpoint_takes_the_calls_without_a_gap(live: Live, path: str, other_backend: Backend) -> None:
    api = published(live, path, live.backend.url)
    parts.seconds_until(lambda: serves(live, path))
    token = live.mint.token(f"{path[1:]}/1.0")

    live.store.change(api, production_endpoints=[f"{other_backend.url}/v2"])

    statuses = set()
    while (reply := live.gateway.get(f"{path}/1.0/a", token)).json.get("path") != "/v2/a":
        statuses.add(reply.status)
    assert statuses == {200}
    assert (
        parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/a", token).json["backend"] == other_backend.port)
        < SOON
    )


def test_backend_over_tls_is_called_by_its_name(live: Live, path: str, other_backend: Backend) -> None:
    published(live, path, other_backend.url.replace("127.0.0.1", "localhost"))

    assert parts.seconds_until(lambda: serves(live, path)) < SOON


def test_backend_with_a_foreign_certificate_is_not_called(live: Live, path: str, other_backend: Backend) -> None:
    published(live, path, other_backend.url.replace("127.0.0.1", "localhost.localdomain"))

    assert live.gateway.get(f"{path}/1.0/", live.mint.token(f"{path[1:]}/1.0")).fault[0] == 503


def test_sandbox_key_reaches_the_sandbox_endpoint(live: Live, path: str, other_backend: Backend) -> None:
    published(live, path, live.backend.url, other_backend.url)
    parts.seconds_until(lambda: serves(live, path) and serves(live, path, key_type="SANDBOX"))
    tokens = [live.mint.token(f"{path[1:]}/1.0", key_type=key_type) for key_type in ("PRODUCTION", "SANDBOX")]

    ports = [live.gateway.get(f"{path}/1.0/", token).json["backend"] for token in tokens]

    assert ports == [live.backend.port, other_backend.port]


def test_sandbox_key_at_an_api_without_sandbox_is_refused(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.mint.token("echo/1.0", key_type="SANDBOX"))

    assert reply.fault == (403, 900901)
    assert reply.json["fault"]["description"] == "Sandbox key offered to the API with no sandbox endpoint"


def test_sandbox_key_needs_its_subscription_too(live: Live) -> None:
    assert live.gateway.get("/echo/1.0/", live.mint.token(key_type="SANDBOX")).fault == (403, 900908)


def test_unusable_api_keeps_no_other_from_going_live(live: Live, path: str) -> None:
    live.store.publish(f"{path} with a space", live.backend.url)
    live.store.publish(f"{path}-ftp", "ftp://127.0.0.1/")
    endless = resource("GET", f"/{'a' * 20_000}/{{id}}")
    live.store.publish(f"{path}-endless", live.backend.url, resources=[endless])
    hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    shown = {"certificate": hollow, "sealed_key": sealing.seal(hollow)}
    live.store.publish(f"{path}-hollow", "https://127.0.0.1:9", backend=shown)
    live.store.publish(f"{path}-long", f"https://{'.'.join(['a' * 60] * 5)}")

    live.store.publish(path, live.backend.url)

    assert parts.seconds_until(lambda: serves(live, path)) < SOON


def test_api_of_many_scopes_keeps_no_other_from_going_live(live: Live, path: str) -> None:
    """What is said of it (RFC 9728 2, scopes_supported) is longer than Envoy lets a route answer by itself."""
    scopes = [f"shelf:{number:04}:{'a' * 80}" for number in range(2000)]
    rows = [resource("GET", f"/{place}", scopes=scopes[place : place + 100]) for place in range(0, len(scopes), 100)]
    live.store.publish(path, live.backend.url, resources=rows)
    live.store.publish(f"{path}-next", live.backend.url)

    assert parts.seconds_until(lambda: serves(live, f"{path}-next")) < SOON

    described = live.gateway.get(f"/.well-known/oauth-protected-resource{path}/1.0")
    assert described.json["scopes_supported"] == scopes
    token = live.mint.token(f"{path[1:]}/1.0", scope=scopes[150])
    parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/100", token).status == 200)
    parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/200", token).status == 403)


def test_backend_that_is_down_is_told_as_such(live: Live, path: str) -> None:
    published(live, path, f"http://127.0.0.1:{parts.free_port()}")
    token = live.mint.token(f"{path[1:]}/1.0")
    parts.seconds_until(lambda: "published" not in live.gateway.get(f"{path}/1.0/", token).text)

    reply = live.gateway.get(f"{path}/1.0/", token)

    assert reply.fault == (503, 101503)
    assert "cannot be reached" in reply.json["fault"]["description"]


def test_backend_that_is_slow_is_told_as_such(live: Live) -> None:
    assert live.gateway.get("/echo/1.0/slow", live.token).fault == (504, 101504)


def test_long_path_with_a_parameter_is_served(live: Live, path: str) -> None:
    """Envoy measures regular expressions, and would refuse every route for one that is too long."""
    steps = "/".join(["of-a-rather-long-path"] * 20)
    live.store.publish(path, live.backend.url, resources=[resource("GET", f"/{steps}/{{id}}")])
    token = live.mint.token(f"{path[1:]}/1.0")

    assert parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/{steps}/7", token).status == 200) < SOON


@pytest.mark.parametrize("step", ["{a}", "{a}/", "a", ":"])
def test_longest_path_that_is_taken_is_one_that_envoy_takes(live: Live, path: str, step: str) -> None:
    longest = (f"/{{id}}/{step * resources.LONGEST}")[: resources.LONGEST]
    longest = longest[: longest.rindex("}") + 1] if "{a}" in step else longest
    live.store.publish(path, live.backend.url, resources=[resource("GET", longest), resource("GET", "/short")])
    token = live.mint.token(f"{path[1:]}/1.0")

    assert parts.seconds_until(lambda: live.gateway.get(f"{path}/1.0/short", token).status == 200) < SOON
