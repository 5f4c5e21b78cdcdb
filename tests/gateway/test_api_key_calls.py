"""API keys, the second way in: through a real Envoy, checked by the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest
from django.utils import timezone

from tests.gateway import parts
from tests.gateway.conftest import Live
from tests.gateway.parts import Reply
from tests.gateway.store_rows import resource
from tests.gateway.test_survival import logged

if TYPE_CHECKING:
    from store.models import Api, Application

ALBUMS = "/keyed/1.0/albums"


@pytest.fixture(scope="module")
def api(live: Live) -> Api:
    api = live.store.publish("/keyed", live.backend.url, backend={"authorization": True})
    token = live.mint.token("keyed/1.0")
    parts.seconds_until(lambda: live.gateway.get(ALBUMS, token).status == 200)
    return api


@pytest.fixture(scope="module")
def importer(live: Live, api: Api) -> Application:
    return live.store.application("Importer", api)


@pytest.fixture(scope="module")
def key(live: Live, importer: Application) -> str:
    return live.store.api_key(importer)[0]


def call(live: Live, key: str, path: str = ALBUMS, name: str = "apikey") -> Reply:
    return live.gateway.call("GET", path, headers={name: key})


@pytest.mark.parametrize("name", ["apikey", "ApiKey", "X-API-Key"])
def test_key_opens_the_api_by_either_header(live: Live, key: str, name: str) -> None:
    reply = live.gateway.call("POST", f"{ALBUMS}?page=2", headers={name: key}, body="x" * 100_000)

    assert (reply.json["method"], reply.json["path"]) == ("POST", "/albums?page=2")
    assert reply.json["body"] == "x" * 100_000


@pytest.mark.parametrize("name", ["apikey", "X-API-Key"])
def test_key_never_reaches_the_backend(live: Live, key: str, name: str) -> None:
    reply = call(live, key, name=name)

    assert reply.status == 200
    assert key not in reply.text
    assert not [name for name in reply.json["headers"] if name.startswith("x-gateway")]


def test_backend_that_asks_is_told_the_application(live: Live, key: str, importer: Application) -> None:
    authorization = call(live, key).json["headers"]["authorization"]

    claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == (live.mint.issuer, live.mint.audience)
    assert claims["application"]["id"] == str(importer.pk)
    assert claims["subscriptions"] == {"keyed/1.0": "Gold"}
    assert claims["exp"] - claims["iat"] <= 600


def test_what_the_backend_is_told_is_no_token_to_call_with(live: Live, key: str) -> None:
    token = call(live, key).json["headers"]["authorization"].removeprefix("Bearer ")

    assert live.gateway.get(ALBUMS, token).fault == (401, 900901)
    assert live.gateway.get("/userinfo", token).status == 401


def test_call_counts_for_its_application(live: Live, key: str, importer: Application) -> None:
    line = logged(live.gateway, call(live, key).headers["x-request-id"])

    assert line["application_id"] == str(importer.pk)
    assert line["key_type"] == "PRODUCTION"


def test_key_without_a_subscription_is_told_what_to_do(live: Live, key: str) -> None:
    reply = call(live, key, "/echo/1.0/albums")

    assert reply.fault == (403, 900908)
    assert "not subscribed" in reply.json["fault"]["description"]


def test_resource_for_people_refuses_a_key(live: Live) -> None:
    resources = [resource("GET", "/mine", auth="user"), resource("GET", "/ours", auth="application")]
    api = live.store.publish("/personal", live.backend.url, resources=resources)
    value, _ = live.store.api_key(live.store.application("Impersonal", api))
    parts.seconds_until(lambda: call(live, value, "/personal/1.0/ours").status == 200)

    assert call(live, value, "/personal/1.0/mine").fault == (401, 900905)


def test_key_has_the_scopes_of_the_apis_it_may_call(live: Live) -> None:
    flows = {"clientCredentials": {"tokenUrl": "https://localhost/token", "scopes": {"read": "Read."}}}
    definition = {"components": {"securitySchemes": {"any": {"type": "oauth2", "flows": flows}}}}
    resources = [resource("GET", "/read", scopes=["read"]), resource("GET", "/write", scopes=["write"])]
    api = live.store.publish("/scoped", live.backend.url, resources=resources, definition=definition)
    value, _ = live.store.api_key(live.store.application("Reader by key", api))
    parts.seconds_until(lambda: call(live, value, "/scoped/1.0/read").status == 200)

    assert call(live, value, "/scoped/1.0/write").fault == (403, 900910)


def test_sandbox_key_is_for_the_sandbox(live: Live, key: str, importer: Application) -> None:
    value, _ = live.store.api_key(importer, "SANDBOX")

    assert "no sandbox endpoint" in call(live, value).json["fault"]["description"]


@pytest.mark.parametrize("value", ["unknown", "ak_live_", "a, b", "x" * 5000])
def test_unknown_key_is_challenged(live: Live, key: str, value: str) -> None:
    reply = call(live, value)

    assert reply.fault == (401, 900901)
    assert "API key" in reply.json["fault"]["description"]
    assert reply.headers["www-authenticate"].startswith('Bearer realm="API Gateway", resource_metadata="')


@pytest.mark.rfc("6750#3.1")
def test_key_and_token_at_once_are_refused(live: Live, key: str) -> None:
    for token in (live.mint.token("keyed/1.0"), "opaque"):
        reply = live.gateway.get(ALBUMS, token, apikey=key)

        assert reply.fault == (400, 900901)
        assert "not both" in reply.json["fault"]["description"]
        assert 'error="invalid_request"' in reply.headers["www-authenticate"]


def test_two_keys_at_once_are_refused(live: Live, key: str) -> None:
    reply = live.gateway.call("GET", ALBUMS, headers={"apikey": key, "X-API-Key": f"{key}x"})

    assert reply.fault == (400, 900901)


def test_key_in_the_address_is_not_looked_at(live: Live, key: str) -> None:
    assert live.gateway.get(f"{ALBUMS}?apikey={key}").fault == (401, 900902)


def test_revoked_key_is_refused_in_time(live: Live, importer: Application) -> None:
    value, row = live.store.api_key(importer)
    assert call(live, value).status == 200

    live.store.change(row, revoked_at=timezone.now())

    assert parts.seconds_until(lambda: call(live, value).status == 401) < parts.SOON


def test_key_is_refused_in_time_when_its_owner_s_applications_are_stopped(
    live: Live, key: str, importer: Application
) -> None:
    assert call(live, key).status == 200

    live.store.change(importer.owner, applications_may_call=False)
    assert parts.seconds_until(lambda: call(live, key).status == 401) < parts.SOON

    live.store.change(importer.owner, applications_may_call=True)
    assert parts.seconds_until(lambda: call(live, key).status == 200) < parts.SOON


def test_key_ends_in_time(live: Live, importer: Application) -> None:
    value, row = live.store.api_key(importer)
    assert call(live, value).status == 200

    live.store.change(row, expires_at=timezone.now() - timedelta(seconds=1))

    assert parts.seconds_until(lambda: call(live, value).status == 401) < parts.SOON


def test_key_of_a_removed_application_is_refused_in_time(live: Live, api: Api) -> None:
    application = live.store.application("Short-lived", api)
    value, _ = live.store.api_key(application)
    assert call(live, value).status == 200

    live.store.remove(application)

    assert parts.seconds_until(lambda: call(live, value).status == 401) < parts.SOON


def test_key_is_vouched_for_as_its_application(live: Live) -> None:
    api = live.store.publish("/keyed-vouched", live.backend.url, backend={"assertion": True})
    value, _ = live.store.api_key(live.store.application("Vouched for", api))
    parts.seconds_until(lambda: call(live, value, "/keyed-vouched/1.0/").status == 200)

    headers = call(live, value, "/keyed-vouched/1.0/").json["headers"]

    claims = jwt.decode(headers["x-jwt-assertion"], options={"verify_signature": False})
    assert claims["http://wso2.org/claims/applicationname"] == "Vouched for"
    assert claims["http://wso2.org/claims/usertype"] == "APPLICATION"
    assert "authorization" not in headers


def test_key_waits_for_the_portal(live: Live, key: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("portal_away")

    # Envoy remembers the answer for 0.9 s.
    parts.seconds_until(lambda: call(live, key).status == 503)
    assert call(live, key).fault == (503, 101503)
