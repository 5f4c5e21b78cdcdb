"""The route table as plain dicts; that a real Envoy takes it is shown by test_calls.py and test_publishing.py."""

from __future__ import annotations

import json
import uuid
from typing import Any
from xml.sax.saxutils import escape

import pytest
from pytest_django.fixtures import Settings

from gateway import api_routes, apis, clusters, filters, permits, routes
from gateway.apis import PublishedApi, Resource

ALBUMS = Resource("GET", "/albums")


def api(
    context: str = "/photos",
    version: str = "1.0",
    sandbox: str = "",
    production: str = "http://p:80",
    resources: tuple[Resource, ...] = (ALBUMS,),
    **columns: Any,
) -> PublishedApi:
    return PublishedApi(
        uuid.uuid4(),
        context,
        version,
        production_endpoints=(production,),
        sandbox_endpoints=(sandbox,) if sandbox else (),
        resources=resources,
        **columns,
    )


def lists(*apis: PublishedApi) -> dict[str, list[dict[str, Any]]]:
    """The lists of routes by the beginning of the path."""
    tree = json.loads(routes.text(apis))["virtual_hosts"][0]["matcher"]["matcher_tree"]
    found = tree["prefix_match_map"]["map"]
    return {path: entry["action"]["typed_config"]["routes"] for path, entry in found.items()}


def names(routes: list[dict[str, Any]]) -> list[str]:
    return [route["name"] for route in routes]


def named(name: str, *apis: PublishedApi) -> dict[str, Any]:
    return next(route for found in lists(*apis).values() for route in found if route["name"] == name)


def told(route: dict[str, Any]) -> dict[str, str]:
    return dict(route["metadata"]["filter_metadata"]["gateway"])


def test_every_route_of_a_resource_asks_for_a_token_and_its_permit() -> None:
    host = routes.configuration()["virtual_hosts"][0]
    one = api(sandbox="http://s", resources=(ALBUMS._replace(scopes=("photos:read",)),))

    assert host["typed_per_filter_config"][filters.JWT]["requirement_name"] == filters.REQUIREMENT
    for key_type in ("SANDBOX", "PRODUCTION"):
        route = named(f"photos/1.0 GET /albums {key_type}", one)
        assert route["typed_per_filter_config"] == {}
        assert told(route)["permit"] == "any | photos:read"


def test_every_permit_that_a_route_asks_for_is_told() -> None:
    one = api(resources=(ALBUMS, Resource("POST", "/albums", ("a b", "c"), "user"), Resource("GET", "/s", auth="none")))

    asked = {told(route)["permit"] for route in lists(one)["/photos/1.0"] if "permit" in str(route.get("metadata"))}

    assert asked == {permit.key for permit in permits.all_of(one)}


def test_sandbox_route_comes_before_the_one_without_condition() -> None:
    assert names(lists(api(sandbox="http://s"))["/photos/1.0"]) == [
        "photos/1.0 GET /albums SANDBOX",
        "photos/1.0 GET /albums PRODUCTION",
        "photos/1.0 nothing",
        "nothing",
    ]


def test_only_an_api_without_subscriptions_looks_further_than_at_them() -> None:
    closed, opened = api(), api(subscriptionless_tier="Bronze")

    counts = [named("photos/1.0 GET /albums PRODUCTION", one)["route"]["rate_limits"] for one in (closed, opened)]

    assert [len(count) for count in counts] == [1, 2]
    assert "default_value" not in str(counts[0])
    assert str(counts[1]).count("'default_value': 'Bronze'") == 2
    assert [permits.OF_A_PERSON in permits.subscriptions([one]) for one in (closed, opened)] == [False, True]


def test_list_of_a_longer_path_has_what_may_be_meant_by_a_shorter_one() -> None:
    found = names(lists(api("/a", "1"), api("/a/1", "b"))["/a/1/b"])

    assert found.index("a/1/b nothing") < found.index("a/1 GET /albums PRODUCTION") < found.index("nothing")


def test_default_version_is_served_without_it_too() -> None:
    default, other = api(is_default_version=True), api(version="2.0")

    found = lists(default, other)

    assert names(found["/photos"])[0] == "photos SANDBOX"
    assert names(found["/photos"])[1] == "photos GET /albums PRODUCTION"
    assert "photos GET /albums PRODUCTION" in names(found["/photos/2.0"])


def test_every_list_refuses_everything_else() -> None:
    for found in lists(api()).values():
        assert found[-1]["match"] == {"prefix": "/"}
        assert found[-1]["direct_response"]["status"] == 404


def test_what_is_said_letter_by_letter_comes_before_what_stands_for_anything() -> None:
    paths = ["/*", "/albums/*", "/albums/{id}", "/albums/{id}/pictures", "/albums/new", "/albums"]

    served = lists(api(resources=tuple(Resource("GET", path) for path in paths)))["/photos/1.0"]

    in_order = ["/albums", "/albums/new", "/albums/{id}", "/albums/{id}/pictures", "/albums/*", "/*"]
    assert list(dict.fromkeys(told(route).get("resource") for route in served[1:-2])) == in_order


@pytest.mark.parametrize(
    ("path", "conditions"),
    [
        ("/albums", [({"path": "/p/1/albums"}, "/albums")]),
        ("/", [({"path": "/p/1/"}, "/"), ({"path": "/p/1"}, "/")]),
        ("/files/*", [({"prefix": "/p/1/files/"}, "/files/"), ({"path": "/p/1/files"}, "/files")]),
        ("/*", [({"prefix": "/p/1/"}, "/"), ({"path": "/p/1"}, "/")]),
    ],
)
def test_path_without_parameters_needs_no_regular_expression(path: str, conditions: list[Any]) -> None:
    assert api_routes.matches("/p/1", path) == conditions


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [("http://p", "/albums"), ("http://p/", "/albums"), ("http://p/v2", "/v2/albums"), ("http://p/v2/", "/v2/albums")],
)
def test_path_of_the_endpoint_takes_the_place_of_context_and_version(endpoint: str, path: str) -> None:
    assert named("photos/1.0 GET /albums PRODUCTION", api(production=endpoint))["route"]["prefix_rewrite"] == path


def test_cookies_of_a_host_of_its_own_are_the_api_s(settings: Settings) -> None:
    settings.GATEWAY_URL = "https://gateway.example"

    route = named("photos/1.0 GET /albums PRODUCTION", api())

    assert "cookie" not in route["request_headers_to_remove"]
    assert "response_headers_to_remove" not in route


def test_route_leads_to_the_cluster_of_its_key_type() -> None:
    one = api(sandbox="http://s")

    for key_type in ("SANDBOX", "PRODUCTION"):
        route = named(f"photos/1.0 GET /albums {key_type}", one)
        assert route["route"]["cluster"] == clusters.name(one, key_type)


def test_api_without_sandbox_answers_sandbox_keys_by_itself() -> None:
    route = named("photos/1.0 SANDBOX", api())

    assert route["direct_response"]["status"] == 403
    assert "route" not in route


def test_token_api_asks_for_no_token() -> None:
    for path in routes.TOKEN_API:
        route = named(path[1:])

        assert route["typed_per_filter_config"][filters.JWT]["disabled"]
        assert route["route"]["prefix_rewrite"] == f"/oauth2{path}"


def test_same_apis_in_any_order_make_the_same_table() -> None:
    one, other = api("/one"), api("/two")

    assert lists(one, other) == lists(other, one)


def test_faults_of_routes_have_no_markup_because_they_are_told_in_xml_too() -> None:
    found = lists(
        api(),
        api(context="/blocked", status="BLOCKED"),
        api(context="/boxed", sandbox="http://s")._replace(production_endpoints=()),
    )

    metadata = [route.get("metadata", {}) for routes in found.values() for route in routes]
    faults = [one.get("filter_metadata", {}).get("fault") for one in metadata]
    texts = {fault[name] for fault in faults if fault for name in ("message", "description")}
    assert len(texts) >= 8
    assert {text for text in texts if escape(text) != text} == set()


def test_token_api_is_not_asked_twice_for_what_has_reached_it() -> None:
    [token, *_] = [route for route in routes.own()["/token"] if "route" in route]

    assert "reset" not in token["route"]["retry_policy"]["retry_on"].split(",")
    assert "retriable-status-codes" not in token["route"]["retry_policy"]["retry_on"]


def test_resources_that_say_more_come_first() -> None:
    paths = ["/*", "/a/*", "/a/{id}", "/a/{id}.jpg", "/a/{id}.full.jpg", "/a/x{id}", "/a/new", "/a/{id}/{of}"]

    ordered = sorted(paths, key=apis.specificity)

    assert ordered == [
        "/a/new", "/a/{id}.full.jpg", "/a/{id}.jpg", "/a/x{id}", "/a/{id}", "/a/{id}/{of}", "/a/*", "/*",
    ]  # fmt: skip
