"""Faults as XML, for callers who ask for it, through a real Envoy."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import resource

ALBUMS = "/echo/1.0/albums"
AM = "http://wso2.org/apimanager"


def call(
    live: Live, path: str = ALBUMS, token: str = "", accept: str = "application/xml", method: str = "GET"
) -> Reply:
    return live.gateway.call(method, path, token, headers={"Accept": accept})


def read(reply: Reply) -> tuple[str, dict[str, str]]:
    """The namespace of a fault, and its members."""
    assert reply.headers["content-type"] == "application/xml"
    fault = ElementTree.fromstring(reply.text)
    namespace = fault.tag.removeprefix("{").removesuffix("}fault")
    return namespace, {member.tag.removeprefix(f"{{{namespace}}}"): member.text or "" for member in fault}


def told(reply: Reply) -> tuple[int, str, str]:
    """Status, namespace and code."""
    namespace, members = read(reply)
    assert reply.headers["x-fault-code"] == members["code"]
    return reply.status, namespace, members["code"]


def test_missing_token_is_told_with_its_challenge(live: Live) -> None:
    reply = call(live)

    assert told(reply) == (401, f"{AM}/security", "900902")
    assert read(reply)[1]["message"] == "Missing Credentials"
    assert '"Authorization: Bearer ACCESS_TOKEN"' in read(reply)[1]["description"]
    assert "resource_metadata=" in reply.headers["www-authenticate"]


def test_xml_says_what_json_says(live: Live) -> None:
    for token in ("", "opaque", "a.b.c", live.mint.token("other/1.0"), live.mint.token("echo/1.0", exp=1)):
        as_json = live.gateway.get(ALBUMS, token)
        as_xml = call(live, token=token)

        members = read(as_xml)[1]
        assert {"code": int(members["code"]), "message": members["message"], "description": members["description"]} == (
            as_json.json["fault"]
        )
        assert as_xml.status == as_json.status
        assert as_xml.headers.get("www-authenticate") == as_json.headers.get("www-authenticate")


def test_address_of_nothing_has_the_namespace_of_the_mediation(live: Live) -> None:
    reply = call(live, "/nowhere")

    namespace, members = read(reply)
    assert (reply.status, namespace) == (404, AM)
    assert members == {
        "code": "404",
        "type": "Status report",
        "message": "Not Found",
        "description": "The requested resource is not available.",
    }


def test_other_method_of_the_token_api_is_told_too(live: Live) -> None:
    reply = call(live, "/token")

    assert (reply.status, read(reply)[1]["code"]) == (405, "405")
    assert reply.headers["allow"] == "POST"


def test_missing_resource_and_missing_endpoint_are_told_too(live: Live) -> None:
    live.store.publish("/small", live.backend.url, resources=[resource("GET", "/one")])
    token = live.mint.token("small/1.0")
    parts.seconds_until(lambda: live.gateway.get("/small/1.0/one", token).status == 200)
    sandbox = live.mint.token("small/1.0", key_type="SANDBOX")

    assert told(call(live, "/small/1.0/two", token)) == (403, f"{AM}/security", "900906")
    assert told(call(live, "/small/1.0/one", sandbox)) == (403, f"{AM}/security", "900901")


def test_scope_may_look_like_markup(live: Live) -> None:
    scope = "a&b<c>'d"
    live.store.publish("/markup", live.backend.url, resources=[resource("GET", "/one", scopes=[scope])])
    token = live.mint.token("markup/1.0", scope="other")
    parts.seconds_until(lambda: live.gateway.get("/markup/1.0/one", token).status == 403)

    reply = call(live, "/markup/1.0/one", token)

    assert told(reply) == (403, f"{AM}/security", "900910")
    assert read(reply)[1]["description"] == live.gateway.get("/markup/1.0/one", token).json["fault"]["description"]
    assert scope in read(reply)[1]["description"]


def test_blocked_api_is_told_too(live: Live) -> None:
    api = live.store.publish("/blocked-xml", live.backend.url)
    live.store.change(api, status="BLOCKED")
    parts.seconds_until(lambda: live.gateway.get("/blocked-xml/1.0/").status == 503)

    assert told(call(live, "/blocked-xml/1.0/")) == (503, AM, "700700")


def test_backend_that_is_away_is_told_too(live: Live) -> None:
    live.store.publish("/away-xml", f"http://127.0.0.1:{parts.free_port()}")
    token = live.mint.token("away-xml/1.0")
    parts.seconds_until(lambda: "cannot be reached" in live.gateway.get("/away-xml/1.0/", token).text)

    assert told(call(live, "/away-xml/1.0/", token)) == (503, AM, "101503")


def test_whatever_else_is_refused_is_told_too(live: Live) -> None:
    upgrade = {"Accept": "text/xml", "Connection": "Upgrade", "Upgrade": "strange"}

    reply = live.gateway.call("GET", ALBUMS, headers=upgrade)

    assert told(reply) == (403, AM, "403")
    as_json = live.gateway.call("GET", ALBUMS, headers=upgrade | {"Accept": "*/*"})
    assert (*as_json.fault, as_json.headers["x-fault-code"]) == (403, 403, "403")


@pytest.mark.parametrize("accept", ["application/xml", "text/xml", "APPLICATION/XML;q=0.9, */*", "text/html, text/xml"])
@pytest.mark.parametrize("path", [ALBUMS, "/nowhere"])
def test_xml_is_asked_for_by_name(live: Live, accept: str, path: str) -> None:
    assert read(call(live, path, accept=accept))


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*", "application/json", "application/xml, application/json", "application/xmlish"],
)
@pytest.mark.parametrize("path", [ALBUMS, "/nowhere"])
def test_json_is_the_answer_to_everything_else(live: Live, accept: str, path: str) -> None:
    assert call(live, path, accept=accept).fault


@pytest.mark.parametrize("path", ["/health", "/.well-known/oauth-protected-resource/echo/1.0"])
def test_what_is_no_fault_stays_what_it_is(live: Live, path: str) -> None:
    replies: list[Any] = [call(live, path, accept=accept) for accept in ("application/xml", "*/*")]

    assert len({(reply.status, reply.text, reply.headers["content-type"]) for reply in replies}) == 1


def test_code_is_a_whole_number_in_json(live: Live) -> None:
    assert '"code":404,' in live.gateway.get("/nowhere").text.replace(" ", "")
    assert '"code":900902,' in live.gateway.get(ALBUMS).text.replace(" ", "")


def test_answer_of_a_backend_is_its_own(live: Live) -> None:
    assert call(live, token=live.token).json["path"] == "/albums"
