"""The route table as plain dicts; that a real Envoy takes it is shown by test_calls.py and test_publishing.py."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from gateway import clusters, filters, routes
from gateway.apis import PublishedApi


def api(
    context: str = "/photos", version: str = "1.0", sandbox: str = "", production: str = "http://p:80"
) -> PublishedApi:
    return PublishedApi(uuid.uuid4(), context, version, (production,), (sandbox,) if sandbox else ())


def table(*apis: PublishedApi) -> list[dict[str, Any]]:
    return list(routes.configuration(apis)["virtual_hosts"][0]["routes"])


def named(name: str, *apis: PublishedApi) -> dict[str, Any]:
    return next(route for route in table(*apis) if route["name"] == name)


def test_every_route_of_an_api_asks_for_token_and_subscription() -> None:
    for key_type in ("SANDBOX", "PRODUCTION"):
        config = named(f"photos/1.0 {key_type}", api())["typed_per_filter_config"]

        assert config[filters.JWT]["requirement_name"] == filters.REQUIREMENT
        assert '"photos/1.0"' in str(config[filters.SUBSCRIPTION]).replace("'", '"')


def test_sandbox_route_comes_before_the_one_without_condition() -> None:
    names = [route["name"] for route in table(api())]

    assert names.index("photos/1.0 SANDBOX") < names.index("photos/1.0 PRODUCTION")


def test_longer_path_is_not_hidden_by_a_shorter_one() -> None:
    names = [route["name"] for route in table(api("/a", "1"), api("/a/1", "b"))]

    assert names.index("a/1/b PRODUCTION") < names.index("a/1 PRODUCTION")


def test_last_route_refuses_everything_else() -> None:
    last = table(api())[-1]

    assert last["match"] == {"prefix": "/"}
    assert last["direct_response"]["status"] == 404


@pytest.mark.parametrize(
    ("endpoint", "path"), [("http://p", "/"), ("http://p/", "/"), ("http://p/v2", "/v2/"), ("http://p/v2/", "/v2/")]
)
def test_path_of_the_endpoint_takes_the_place_of_context_and_version(endpoint: str, path: str) -> None:
    rewrite = named("photos/1.0 PRODUCTION", api(production=endpoint))["route"]["regex_rewrite"]

    assert rewrite == {"pattern": {"regex": "^/photos/1\\.0/?"}, "substitution": path}


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("http://p:80", "p"), ("https://p", "p"), ("https://p:80", "p:80"), ("http://[::1]:8090", "[::1]:8090")],
)
def test_backend_is_called_by_the_host_of_its_endpoint(endpoint: str, host: str) -> None:
    action = named("photos/1.0 PRODUCTION", api(production=endpoint))["route"]

    assert action["host_rewrite_literal"] == host


def test_route_leads_to_the_cluster_of_its_key_type() -> None:
    one = api(sandbox="http://s")

    assert named("photos/1.0 SANDBOX", one)["route"]["cluster"] == clusters.name(one, "SANDBOX")
    assert named("photos/1.0 PRODUCTION", one)["route"]["cluster"] == clusters.name(one, "PRODUCTION")


def test_api_without_sandbox_answers_sandbox_keys_by_itself() -> None:
    route = named("photos/1.0 SANDBOX", api())

    assert route["direct_response"]["status"] == 403
    assert "route" not in route


def test_token_api_asks_for_no_token() -> None:
    for path in routes.TOKEN_API:
        route = named(path[1:])

        assert filters.JWT not in route["typed_per_filter_config"]
        assert route["route"]["prefix_rewrite"] == f"/oauth2{path}"


def test_same_apis_in_any_order_make_the_same_table() -> None:
    one, other = api("/one"), api("/two")

    assert table(one, other) == table(other, one)
