from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from gateway import apis, clusters
from gateway.apis import PublishedApi

if TYPE_CHECKING:
    from pytest_django import Settings


def api(production: str, sandbox: str = "", context: str = "/photos") -> PublishedApi:
    one = PublishedApi(uuid.uuid4(), context, "1.0", production_endpoints=(production,))
    return one._replace(sandbox_endpoints=(sandbox,)) if sandbox else one


def cluster(url: str) -> dict[str, Any]:
    return clusters.of_api(api(url))[0]


def validation(url: str) -> dict[str, Any]:
    tls = cluster(url)["transport_socket"]["typed_config"]
    return dict(tls["common_tls_context"]["validation_context"])


def test_api_has_a_cluster_for_each_endpoint() -> None:
    one = api("http://p", "http://s")

    names = [resource["name"] for resource in clusters.of_api(one)]

    assert names == [f"{one.id}-production", f"{one.id}-sandbox"]


def test_address_is_not_resolved_and_a_name_is() -> None:
    assert cluster("http://127.0.0.1:8090")["type"] == "STATIC"
    assert cluster("http://[::1]:8090")["type"] == "STATIC"
    assert cluster("http://photos.example")["type"] == "STRICT_DNS"


def test_plain_backend_has_no_tls() -> None:
    assert "transport_socket" not in cluster("http://photos.example")


def test_name_in_the_certificate_of_a_backend_is_checked(settings: Settings) -> None:
    settings.GATEWAY_BACKEND_CA_FILE = "/ca.pem"

    context = validation("https://photos.example:8443")

    assert context["trusted_ca"] == {"filename": "/ca.pem"}
    assert context["match_typed_subject_alt_names"] == [{"san_type": "DNS", "matcher": {"exact": "photos.example"}}]


def test_address_in_the_certificate_of_a_backend_is_checked() -> None:
    assert validation("https://127.0.0.1")["match_typed_subject_alt_names"][0]["san_type"] == "IP_ADDRESS"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://p",
        "p",
        "http://",
        "http://p?a=1",
        "http://p#a",
        "http://u:p@p",
        "http://p/a b",
        "http://p/\\1",
        "http://p:99999",
        "http://169.254.169.254",
    ],
)
def test_endpoint_that_no_envoy_may_have_is_a_defect(url: str) -> None:
    assert apis.defect(api(url))
    assert apis.defect(api("http://p", sandbox=url))


@pytest.mark.parametrize(
    "context", ["photos", "/", "/photos/", "//photos", "/a b", "/a?b", "/a#b", "/a%2fb", "/..", "/é", "/a\n"]
)
def test_context_that_envoy_could_not_use_is_a_defect(context: str) -> None:
    assert "may only have letters" in apis.defect(api("http://p", context=context))


@pytest.mark.parametrize("context", ["/photos", "/t/acme/photos", "/a-b_c.d~e"])
def test_usual_context_is_no_defect(context: str) -> None:
    assert not apis.defect(api("https://p.example:8443/v2/", context=context))


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("http://p:80", "p"), ("https://p", "p"), ("https://p:80", "p:80"), ("http://[::1]:8090", "[::1]:8090")],
)
def test_backend_is_called_by_the_host_of_its_endpoint(endpoint: str, host: str) -> None:
    assert cluster(endpoint)["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["hostname"] == host
