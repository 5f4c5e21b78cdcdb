"""Calls to the resources of a published API, through a real Envoy."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import resource

RESOURCES = [
    resource("GET", "/"),
    resource("GET", "/albums"),
    resource("POST", "/albums"),
    resource("GET", "/albums/{id}"),
    resource("GET", "/albums/new"),
    resource("GET", "/albums/{id}/pictures/{picture}.jpg"),
    resource("GET", "/files/*"),
    resource("GET", "/service", auth="none"),
]
Call = Callable[..., Reply]


@pytest.fixture(scope="module")
def call(live: Live) -> Call:
    """Calls a resource of an API of its own, with a good token or what `token` is."""
    context = f"/shelf-{uuid.uuid4().hex[:8]}"
    live.store.publish(context, f"{live.backend.url}/v2", resources=RESOURCES, is_default_version=True)
    good = live.mint.token(f"{context[1:]}/1.0")

    def call(method: str, path: str, token: str = good, base: str = f"{context}/1.0", **headers: Any) -> Reply:
        return live.gateway.call(method, f"{base}{path}", token, headers=headers)

    call.context = context  # type: ignore[attr-defined]
    parts.seconds_until(lambda: call("GET", "/albums").status == 200)
    return call


@pytest.mark.parametrize(
    "path", ["/", "", "/?page=2", "/albums", "/albums?a=/b", "/albums/7", "/albums/a%20b", "/albums/new", "/files",
             "/files/", "/files/a/b?c", "/albums/7/pictures/8.jpg?size=1"],
)  # fmt: skip
def test_resource_of_the_definition_reaches_the_backend(call: Call, path: str) -> None:
    reply = call("GET", path)

    assert reply.status == 200
    assert reply.json["path"] == f"/v2{path if path[:1] == '/' else '/' + path}"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("GET", "/albums/7/covers"), ("GET", "/albums/"), ("DELETE", "/albums"), ("GET", "/albumsx"),
     ("GET", "/albums/7/pictures/8.png"), ("HEAD", "/nothing"), ("PROPFIND", "/albums")],
)  # fmt: skip
def test_what_is_no_resource_is_refused_as_the_original_does(call: Call, method: str, path: str) -> None:
    reply = call(method, path)

    assert reply.status == 403
    assert reply.headers["x-fault-code"] == "900906"
    if method != "HEAD":
        assert reply.fault == (403, 900906)


@pytest.mark.parametrize("path", ["/", "/albums", "/albums/7", "/files/a/b"])
def test_head_is_let_to_what_get_is(call: Call, path: str) -> None:
    """RFC 9110 9.3.2."""
    reply = call("HEAD", path)

    assert (reply.status, reply.text) == (200, "")
    assert call("HEAD", path, token="").status == 401


def test_dots_and_doubled_slashes_lead_to_no_other_resource(call: Call) -> None:
    assert call("GET", "/files/../albums").json["path"] == "/v2/albums"
    assert call("GET", "/files/%2e%2e/nothing").fault == (403, 900906)
    assert call("GET", "//albums//7").json["path"] == "/v2/albums/7"


def test_letter_in_disguise_is_the_letter_to_gateway_and_backend_alike(call: Call) -> None:
    """RFC 3986 6.2.2.2. Else a path could be one resource here and another one there."""
    assert call("GET", "/albums/%6eew").json["path"] == "/v2/albums/new"
    assert call("GET", "/%61lbums").json["path"] == "/v2/albums"
    assert call("GET", "/files/%7e/%2d").json["path"] == "/v2/files/~/-"


@pytest.fixture(scope="module")
def templates(live: Live) -> Call:
    """Calls an API with an open resource beside ones that ask for a scope, and less of which is a parameter."""
    context = f"/templates-{uuid.uuid4().hex[:8]}"
    guarded = ["/{name}:purge", "/{name}.key", "/report:all", "/report;a/{id}", "/pre~secret", "/w/{id}/secret"]
    rows = [
        *(resource("GET", path, auth="none") for path in ("/{name}", "/pre{rest}", "/report;a/{id}/*", "/w/{id}/*")),
        *(resource("GET", path, scopes=["admin"]) for path in guarded),
    ]
    live.store.publish(context, live.backend.url, resources=rows)
    tokens = {scope: live.mint.token(f"{context[1:]}/1.0", scope=scope) for scope in ("", "admin")}
    parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/a").status == 200)
    parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/a.key", tokens["admin"]).status == 200)
    return lambda path, scope="": live.gateway.get(f"{context}/1.0{path}", tokens[scope])


@pytest.mark.parametrize(
    "path", ["/a:purge", "/a.key", "/a.key?b", "/report:all", "/report;a/7", "/pre~secret", "/w/7/secret"]
)
def test_of_two_resources_the_one_that_says_more_is_called(templates: Call, path: str) -> None:
    assert templates(path).fault == (403, 900910)
    assert templates(path, "admin").json["path"] == path


def test_mark_that_is_encoded_leads_to_no_other_resource(templates: Call) -> None:
    """RFC 3986 2.2: to most backends it is the same mark."""
    for path in ("/a%3Apurge", "/a%3apurge", "/a%2Ekey", "/report%3aall", "/report%3Ba/7", "/pre%7esecret"):
        assert templates(path).fault == (403, 900910), path
    assert templates("/report%3ball/7").fault == (403, 900906)
    assert templates("/report%3ba/7", "admin").json["path"] == "/report%3ba/7"
    assert templates("/report;a/7/8").json["path"] == "/report;a/7/8"


def test_default_version_answers_without_it_in_the_path(call: Call) -> None:
    context = call.context  # type: ignore[attr-defined]

    reply = call("GET", "/albums/7", base=context)

    assert reply.json["path"] == "/v2/albums/7"
    assert reply.json["headers"]["x-forwarded-prefix"] == context
    assert call("GET", "/albums/7", token="", base=context).fault == (401, 900902)


def test_open_resource_asks_for_no_token(call: Call) -> None:
    assert call("GET", "/service", token="").status == 200
    assert call("GET", "/service", token="nonsense").status == 200


def test_every_other_resource_asks_for_one(call: Call) -> None:
    assert call("GET", "/albums", token="").fault == (401, 900902)
    assert call("POST", "/albums", token="x.y.z").fault == (401, 900901)


def test_head_asks_for_what_get_asks_for_unless_the_definition_has_a_head(live: Live) -> None:
    context = f"/heads-{uuid.uuid4().hex[:8]}"
    rows = [
        resource("GET", "/guarded", scopes=["photos:read"]),
        resource("GET", "/own/{id}", scopes=["photos:read"]),
        resource("HEAD", "/own/{id}", scopes=["photos:look"]),
        resource("GET", "/open", auth="none"),
    ]
    live.store.publish(context, live.backend.url, resources=rows)
    parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/open").status == 200)

    def head(path: str, scope: str) -> tuple[int, str]:
        token = live.mint.token(f"{context[1:]}/1.0", scope=scope)
        reply = live.gateway.call("HEAD", f"{context}/1.0{path}", token)
        return reply.status, reply.headers.get("x-fault-code", "")

    parts.seconds_until(lambda: head("/own/7", "photos:look") == (200, ""))
    assert head("/guarded", "photos:read") == (200, "")
    assert head("/guarded", "photos:look") == (403, "900910")
    assert head("/own/7", "photos:read") == (403, "900910")
    assert live.gateway.call("HEAD", f"{context}/1.0/open").status == 200


# What a caller without it is told to ask for.
ASKED = {
    "/read": "photos:read",
    "/both": "photos:read photos:write",
    "/either": "photos:admin",
    "/dotted": "photos.all",
}


@pytest.fixture(scope="module")
def guarded(live: Live) -> str:
    """The context of an API whose resources ask for more than a subscription."""
    context = f"/guarded-{uuid.uuid4().hex[:8]}"
    rows = [
        resource("GET", "/read", scopes=["photos:read"]),
        resource("GET", "/both", scopes=["photos:read photos:write"]),
        resource("GET", "/either", scopes=["photos:admin", "photos:write"]),
        resource("GET", "/dotted", scopes=["photos.all"]),
        resource("GET", "/person", auth="user"),
        resource("GET", "/machine", auth="application"),
    ]
    live.store.publish(context, live.backend.url, resources=rows)
    token = live.mint.token(f"{context[1:]}/1.0", scope="photos:read")
    parts.seconds_until(lambda: live.gateway.get(f"{context}/1.0/read", token).status == 200)
    return context


@pytest.mark.rfc("9728#2")
def test_metadata_name_the_scopes_that_may_be_asked_for(live: Live, guarded: str) -> None:
    document = live.gateway.get(f"/.well-known/oauth-protected-resource{guarded}/1.0").json

    assert document["scopes_supported"] == ["photos.all", "photos:admin", "photos:read", "photos:write"]
    assert "scopes_supported" not in live.gateway.get("/.well-known/oauth-protected-resource").json


@pytest.mark.rfc("6750#3.1")
@pytest.mark.parametrize(
    ("path", "scope", "allowed"),
    [
        ("/read", "photos:read", True),
        ("/read", "openid photos:read photos:write", True),
        ("/read", "openid photos:read", True),
        ("/read", "photos:reader", False),
        ("/read", "my:photos:read openid", False),
        ("/read", "default", False),
        ("/read", None, False),
        ("/both", "photos:write photos:read", True),
        ("/both", "photos:read", False),
        ("/either", "photos:write", True),
        ("/either", "photos:admin", True),
        ("/either", "photos:read", False),
        ("/dotted", "photos.all openid", True),
        ("/dotted", "photos:all", False),
    ],
)
def test_resource_asks_for_its_scope(live: Live, guarded: str, path: str, scope: str | None, allowed: bool) -> None:
    token = live.mint.token(f"{guarded[1:]}/1.0", scope=scope)

    reply = live.gateway.get(f"{guarded}/1.0{path}", token)

    if allowed:
        assert reply.status == 200
    else:
        assert reply.fault == (403, 900910)
        assert f'error="insufficient_scope", scope="{ASKED[path]}"' in reply.headers["www-authenticate"]
        assert ASKED[path] in reply.json["fault"]["description"]


@pytest.mark.parametrize(
    ("path", "grant_id", "allowed"),
    [("/person", "1", True), ("/person", None, False), ("/machine", None, True), ("/machine", "1", False)],
)
def test_resource_asks_for_its_kind_of_token(
    live: Live, guarded: str, path: str, grant_id: str | None, allowed: bool
) -> None:
    token = live.mint.token(f"{guarded[1:]}/1.0", grant_id=grant_id)

    reply = live.gateway.get(f"{guarded}/1.0{path}", token)

    assert reply.status == 200 if allowed else reply.fault == (401, 900905)


def test_subscription_is_asked_for_before_the_scope(live: Live, guarded: str) -> None:
    assert live.gateway.get(f"{guarded}/1.0/read", live.mint.token(scope="default")).fault == (403, 900908)
