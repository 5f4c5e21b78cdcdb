"""The agent beside an Envoy (gateway/agent/), as the portal describes it: to Envoy a cluster, to the agent its file."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway import clusters, envoy_admin, node_key, routes
from store.endpoints import Endpoint

Config = dict[str, Any]

CLUSTER = "agent"


def socket_path() -> Path:
    return Path(settings.GATEWAY_STATE) / "agent.sock"


def is_reachable() -> bool:
    """False: the state folder lies too deep for a socket file, and no port is set."""
    return bool(settings.GATEWAY_AGENT_PORT) or len(str(socket_path()).encode()) <= envoy_admin.LONGEST_PATH


def cluster() -> Config:
    """Whom Envoy asks. Nothing of this leaves the machine, so there is no TLS."""
    described = clusters.backend(CLUSTER, Endpoint("http", "127.0.0.1", settings.GATEWAY_AGENT_PORT or 1, ""))
    if not settings.GATEWAY_AGENT_PORT:
        [place] = described["load_assignment"]["endpoints"][0]["lb_endpoints"]
        place["endpoint"]["address"] = {"pipe": {"path": str(socket_path())}}
    return described


def source() -> Config:
    """REST xDS. Envoy asks 0.5 to 1 s after each answer, which the agent holds back until there is something new, and
    opens its door only once it has routes to serve (no limit to that)."""
    rest = {
        "api_type": "REST",
        "transport_api_version": "V3",
        "cluster_names": [CLUSTER],
        "refresh_delay": "0.5s",
        # Longer than the agent waits for news, for the portal and for a diagnosis (gateway/agent/).
        "request_timeout": "30s",
    }
    return {"resource_api_version": "V3", "initial_fetch_timeout": "0s", "api_config_source": rest}


def configuration() -> Config:
    """The agent's file: gateway/agent/configuration.py reads it."""
    return {
        "socket": str(socket_path()),
        "port": settings.GATEWAY_AGENT_PORT,
        "state": str(Path(settings.GATEWAY_STATE) / "last-good"),
        "key": node_key.ensure(),
        "portals": settings.GATEWAY_PORTALS or [settings.PORTAL_URL],
        "host": routes.portal(),
        "ca_file": str(settings.TLS_CA_FILE),
        "envoy": envoy(),
    }


def envoy() -> str:
    """The program itself, to say why it refuses something."""
    beside = Path(sys.executable).parent / "envoy"
    return str(beside) if beside.exists() else shutil.which("envoy") or ""
