from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from gateway.agent.configuration import Configuration
from gateway.agent.server import Agent
from tests import lanes
from tests.gateway import certificates, parts
from tests.gateway.parts import Backend, Part
from tests.gateway.store_rows import LivePortal, Mint
from tests.gateway.strange_portal import Strange, forget_connections

if TYPE_CHECKING:
    from pytest_django import Settings

    from accounts.models import User
    from keymanager.models import Client as OAuthClient
    from store.models import Api


@dataclass
class Live:
    """All parts, running."""

    portal: Part
    agent: Part
    gateway: Part
    backend: Backend
    store: LivePortal
    mint: Mint

    @property
    def token(self) -> str:
        """Good for the API /echo 1.0, which is always published."""
        return self.mint.token("echo/1.0")


@pytest.fixture(autouse=True)
def nothing_of_another_database() -> None:
    """What another test has published, and its keys: they would be gone as soon as they are looked at again."""
    from gateway import apis
    from keymanager import signing

    apis.forget()
    signing.forget()


@pytest.fixture
def photoshare(alice: User) -> Api:
    from store.models import Api

    return Api.objects.create(
        name="PhotoShare",
        context="/photos",
        version="1.0",
        provider=alice,
        status=Api.Status.PUBLISHED,
        production_endpoints=["http://127.0.0.1:9"],
        definition=json.loads(PHOTOSHARE.read_text()),
        resources=RESOURCES,
    )


PHOTOSHARE = Path(__file__).resolve().parents[1] / "store" / "photoshare.json"
RESOURCES = [
    {"method": method, "path": path, "scopes": [f"photos:{scope}"], "auth": "any", "tier": ""}
    for method, path, scope in (
        ("GET", "/albums", "read"),
        ("POST", "/albums", "write"),
        ("GET", "/pictures/{id}", "read"),
    )
]


@pytest.fixture
def gateway(settings: Settings, tmp_path: Path, photoshare: Api) -> Iterator[Client]:
    """One that has the key, and asks about PhotoShare."""
    from gateway import called, node_key
    from keymanager import calls

    settings.GATEWAY_STATE = tmp_path / "gateway"
    node_key.ensure()
    calls.forget()
    called.forget()
    told = {"X-Original-URI": "/photos/1.0/albums?page=2", "X-Original-Method": "GET"}
    yield Client(headers={"X-Gateway-Proof": node_key.proof(), **told})
    calls.forget()
    called.forget()


@pytest.fixture
def scanner(alice: User) -> OAuthClient:
    """Subscribed to PhotoShare 1.0."""
    from keymanager import clients

    fields: dict[str, Any] = {"name": "Scanner", "user": alice, "grant_types": ["client_credentials"]}
    claims = {"subscriptions": {"photos/1.0": "Gold"}}
    return clients.register(public=False, redirect_uris=[], access_token_claims=claims, **fields)[0]


def token_of(client: OAuthClient, token_format: str) -> str:
    from keymanager import tokens

    client.access_token_format = token_format
    return tokens.issue_access_token(tokens.Content(client=client, scope="photos:read"))


@pytest.fixture
def portal_away(live: Live) -> Iterator[Part]:
    """The portal, killed; started again at the end if the test did not."""
    live.portal.kill()
    yield live.portal
    if live.portal.is_over:
        live.portal.start()
    parts.seconds_until(lambda: live.gateway.call("POST", "/token").status < 500)


@pytest.fixture
def strange() -> Iterator[Strange]:
    portal = Strange()
    yield portal
    portal.end()


@pytest.fixture
def told(strange: Strange, tmp_path: Path) -> Configuration:
    return Configuration(str(tmp_path / "s"), 0, tmp_path / "state", "key", [strange.url], "portal", "", "")


@pytest.fixture
def agent(told: Configuration) -> Iterator[Agent]:
    agent = Agent(told)
    yield agent
    forget_connections(agent)


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gateway")
    certificates.write(folder / "tls")
    shutil.copyfile(folder / "tls" / "ca.pem", folder / "tls" / "backends.pem")
    return folder


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.end()


# They ask each other every second, so they end as soon as the next test is none of these.
@pytest.fixture(scope="package")
def live(var: Path, backend: Backend, migrated_file: Path, django_db_blocker: Any) -> Iterator[Live]:
    gateway = parts.gateway(var, parts.free_port())
    portal = parts.portal(var, parts.free_port(), gateway.port)
    agent = parts.agent(var)
    shutil.copyfile(migrated_file, var / "portal.sqlite3")
    parts.manage(portal, "write_envoy_bootstrap")
    store = LivePortal(var / "portal.sqlite3", django_db_blocker.unblock)
    key = ec.generate_private_key(ec.SECP256R1())
    mint = Mint(
        f"https://localhost:{portal.port}", f"https://localhost:{gateway.port}", key, store.add_signing_key(key)
    )
    store.publish("/echo", backend.url)
    try:
        # The gateway first: it has to wait for the agent, and that for the portal.
        gateway.start(wait=False)
        agent.start(wait=False)
        portal.start()
        parts.seconds_until(gateway.answers)
        live = Live(portal, agent, gateway, backend, store, mint)
        parts.seconds_until(lambda: gateway.get("/echo/1.0/", live.token).status == 200)
        yield live
    finally:
        gateway.end()
        agent.end()
        portal.end()
        store.forget()


@pytest.hookimpl(trylast=True)  # whatever has put them into another order
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those on the real parts one after another, so that these are started once."""
    items.sort(key=lambda item: lanes.lane(item.nodeid), reverse=True)
