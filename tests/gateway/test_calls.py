"""Calls to a published API, through a real Envoy: who may call, and what reaches the backend."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.gateway.conftest import Live


def base(live: Live) -> str:
    return f"https://localhost:{live.gateway.port}"


def test_call_without_a_token_is_told_how_to_send_one(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/albums")

    assert reply.fault == (401, 900902)
    assert "Authorization: Bearer" in reply.json["fault"]["description"]
    assert reply.headers["www-authenticate"].startswith('Bearer realm="API Gateway", resource_metadata="')


@pytest.mark.rfc("9728#5.1")
def test_refusal_leads_to_who_gives_tokens_and_for_what(live: Live) -> None:
    challenge = live.gateway.get("/echo/1.0/albums").headers["www-authenticate"]
    address = re.findall(r'resource_metadata="([^"]+)"', challenge)[0]

    reply = live.gateway.get(address.removeprefix(base(live)))

    assert reply.headers["content-type"] == "application/json"
    assert reply.json["resource"] == f"{base(live)}/echo/1.0"
    assert reply.json["authorization_servers"] == [live.mint.issuer]


@pytest.mark.rfc("8707#2")
def test_token_for_this_api_alone_opens_it_and_no_other(live: Live) -> None:
    mine = live.mint.token("echo/1.0", aud=f"{base(live)}/echo/1.0")
    listed = live.mint.token("echo/1.0", aud=["https://elsewhere.example", f"{base(live)}/echo/1.0/"])
    other = live.mint.token("echo/1.0", aud=f"{base(live)}/photos/1.0")

    assert live.gateway.get("/echo/1.0/albums", mine).status == 200
    assert live.gateway.get("/echo/1.0/albums", listed).status == 200
    assert live.gateway.get("/echo/1.0/albums", other).fault == (401, 900901)


def test_token_in_the_address_is_not_looked_at(live: Live) -> None:
    reply = live.gateway.get(f"/echo/1.0/albums?access_token={live.token}")

    assert reply.fault == (401, 900902)


def test_call_of_a_subscriber_reaches_the_backend(live: Live) -> None:
    reply = live.gateway.call("POST", "/echo/1.0/albums?page=2", live.token, body='{"title": "Sea"}')

    assert reply.status == 200
    assert reply.json["method"] == "POST"
    assert reply.json["path"] == "/albums?page=2"
    assert reply.json["body"] == '{"title": "Sea"}'


def test_upload_of_a_picture_passes_whole(live: Live) -> None:
    reply = live.gateway.call("POST", "/echo/1.0/pictures", live.token, body="x" * 3_000_000)

    assert len(reply.json["body"]) == 3_000_000


def test_scheme_of_the_token_may_be_written_small(live: Live) -> None:
    reply = live.gateway.call("GET", "/echo/1.0/", headers={"Authorization": f"bearer {live.token}"})

    assert reply.status == 200


@pytest.mark.parametrize("words", ["Basic YTpi, Bearer", "Basic YTpi,Bearer", "xBearer", "Token Bearer"])
def test_token_behind_other_credentials_is_none(live: Live, words: str) -> None:
    """RFC 9110 11.4: credentials are of one scheme. A backend that asks for them is told those that were looked at."""
    reply = live.gateway.call("GET", "/echo/1.0/", headers={"Authorization": f"{words} {live.token}"})

    assert reply.fault == (401, 900901)


def test_call_without_a_subscription_is_told_what_to_do(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/albums", live.mint.token("photos/1.0"))

    assert reply.fault == (403, 900908)
    assert "not subscribed to the API /echo/1.0" in reply.json["fault"]["description"]
    assert "get a new one" in reply.json["fault"]["description"]


def test_subscription_to_another_version_does_not_count(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/albums", live.mint.token("echo/2.0", "echo/1", "/echo/1.0"))

    assert reply.fault == (403, 900908)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://localhost:1"},
        {"aud": "https://localhost:1"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"typ": "JWT"},
        {"cnf": {"jkt": "a key that only its holder can use"}},
        {"cnf": {"x5t#S256": "a certificate"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_token_for_something_else_is_invalid(live: Live, changes: dict[str, Any]) -> None:
    reply = live.gateway.get("/echo/1.0/albums", live.mint.token("echo/1.0", **changes))

    assert reply.fault == (401, 900901)
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize("token", ["opaque-token", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é".encode().decode("latin-1")])
def test_token_that_is_no_jwt_is_invalid(live: Live, token: str) -> None:
    assert live.gateway.get("/echo/1.0/albums", token).fault == (401, 900901)


def test_token_signed_by_somebody_else_is_invalid(live: Live) -> None:
    token = live.mint.signed(live.mint.claims("echo/1.0"), ec.generate_private_key(ec.SECP256R1()))

    assert live.gateway.get("/echo/1.0/albums", token).fault == (401, 900901)


def test_token_changed_after_signing_is_invalid(live: Live) -> None:
    header, _, signature = live.mint.token().split(".")
    payload = live.token.split(".")[1]

    assert live.gateway.get("/echo/1.0/albums", f"{header}.{payload}.{signature}").fault == (401, 900901)


def test_expired_token_is_told_apart(live: Live) -> None:
    token = live.mint.token("echo/1.0", exp=int(time.time()) - 10)

    reply = live.gateway.get("/echo/1.0/albums", token)

    assert reply.fault == (401, 900903)
    assert "The access token expired" in reply.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/echo/1.0", "/"),
        ("/echo/1.0/", "/"),
        ("/echo/1.0?page=2", "/?page=2"),
        ("/echo/1.0/echo/1.0/", "/echo/1.0/"),
        ("//echo///1.0//albums", "/albums"),
        ("/nowhere/../echo/1.0/a/../b", "/b"),
        ("/echo/1.0/%61lbums%20of", "/albums%20of"),
    ],
)
def test_context_and_version_leave_the_path(live: Live, asked: str, reached: str) -> None:
    assert live.gateway.get(asked, live.token).json["path"] == reached


@pytest.mark.parametrize(
    "path", ["/echo/1.0/..%2f..%2ftoken", "/echo%2f1.0/albums", "/echo/1.0/a%5cb", "/echo/1.0/a%2Fb"]
)
def test_encoded_slash_is_refused(live: Live, path: str) -> None:
    assert live.gateway.get(path, live.token).fault == (400, 400)


@pytest.mark.parametrize(
    "path", ["/echo/1.0/../../nowhere", "/echo/1.0/%2e%2e/2.0", "/echo/1.0x", "/ECHO/1.0/", "/echo/1x0/", "/"]
)
def test_path_of_no_api_is_not_found(live: Live, path: str) -> None:
    reply = live.gateway.get(path, live.token)

    assert reply.fault == (404, 404)
    assert reply.json["fault"]["description"] == "The requested resource is not available."


def test_headers_that_only_the_gateway_may_send_are_its_own(live: Live) -> None:
    forged = [
        "X_Forwarded_Host", "X_JWT_Assertion", "X_Real_IP", "X_Original_URL", "Forwarded", "X_Forwarded_For",
        "X_Forwarded_Scheme", "X_Forwarded_Anything", "X_Original_URI", "X_Envoy_Peer_Metadata", "X_Gateway_Key_Type",
        "CF_Connecting_IP", "X_Cluster_Client_IP", "Proxy", "Proxy_Authorization",
    ]  # fmt: skip

    headers = live.gateway.get("/echo/1.0/", live.token, **dict.fromkeys(forged, "forged")).json["headers"]

    assert "forged" not in headers.values()
    assert headers["x-forwarded-host"] == f"localhost:{live.gateway.port}"
    assert headers["x-forwarded-prefix"] == "/echo/1.0"
    assert "," not in headers["x-forwarded-for"]
    assert headers["x-forwarded-proto"] == "https"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_method_whose_scope_was_looked_at_is_the_one_that_the_backend_sees(live: Live, header: str) -> None:
    reply = live.gateway.call("POST", "/echo/1.0/", live.token, headers={header: "DELETE", "X-Kept": "kept"})

    assert reply.json["method"] == "POST"
    assert header.lower() not in reply.json["headers"]
    assert reply.json["headers"]["x-kept"] == "kept"


def test_request_that_is_too_large_is_told_so(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.token, X_Large="x" * 70000)

    assert reply.fault == (431, 431)
    assert reply.json["fault"]["message"] == "Status 431"


def test_header_with_an_underscore_cannot_pass_for_another(live: Live) -> None:
    reply = live.gateway.call("GET", "/echo/1.0/", live.token, headers={"X_Forwarded_Host": "forged", "X-Kept": "kept"})

    assert "forged" not in reply.json["headers"].values()
    assert reply.json["headers"]["x-kept"] == "kept"


def test_envoy_headers_of_a_caller_have_no_effect(live: Live) -> None:
    forged = {"X_Envoy_Upstream_Rq_Timeout_Ms": "1", "X_Envoy_Original_Path": "/forged", "X_Request_Id": "forged"}

    headers = live.gateway.get("/echo/1.0/albums", live.token, **forged).json["headers"]

    assert headers["x-envoy-original-path"] == "/echo/1.0/albums"
    assert "x-envoy-upstream-rq-timeout-ms" not in headers
    assert headers["x-request-id"] != "forged"


def test_backend_is_addressed_by_its_own_name(live: Live) -> None:
    headers = live.gateway.get("/echo/1.0/", live.token).json["headers"]

    assert headers["host"] == live.backend.url.removeprefix("http://")


def test_reply_names_the_gateway_and_the_request(live: Live) -> None:
    reply = live.gateway.get("/echo/1.0/", live.token)

    assert reply.headers["server"] == "gateway"
    assert reply.headers["x-request-id"] == reply.json["headers"]["x-request-id"]
    assert not [name for name in reply.headers if name.startswith("x-envoy")]


def test_health_answers_without_a_token(live: Live) -> None:
    reply = live.gateway.get("/health")

    assert (reply.status, reply.text) == (200, "ok")
    assert reply.headers["content-type"] == "text/plain"
