"""Envoy's clusters: one for each backend of each published API (CDS), and the portal itself (bootstrap)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway.apis import PublishedApi
from store import backends
from store.backends import Backend
from store.endpoints import Endpoint

Resource = dict[str, Any]

TYPE_URL = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# Below the idle timeouts usual in servers, so that it is rarely the server who closes a connection about to be used.
KEEP_ALIVE = "20s"
# Where fewer than so many of a hundred hosts are well, which is none, all are asked. By default it is fifty: two dead
# hosts of three got most of the calls.
PANIC = 1
# Of several hosts, at most half are left alone; a single one is always asked.
OUTLIERS = {
    "consecutive_5xx": 5,
    "consecutive_local_origin_failure": 5,
    "split_external_local_origin_errors": True,
    "interval": "2s",
    "base_ejection_time": "10s",
    "max_ejection_percent": 50,
}


def name(api: PublishedApi, key_type: str) -> str:
    """Made of the id: a changed endpoint replaces the cluster in place, and the routes to it never dangle."""
    return f"{api.id}-{key_type.lower()}"


def of_api(api: PublishedApi) -> list[Resource]:
    return [
        {"@type": TYPE_URL, **guarded(backend(name(api, key_type), *hosts), api.backend)}
        for key_type, hosts in api.endpoints().items()
        if hosts
    ]


def backend(cluster_name: str, *hosts: Endpoint, ca_file: str = "") -> Resource:
    """A cluster of hosts that serve the same. `ca_file`: who may have signed their certificates; by default the setting
    or the system's."""
    first = hosts[0]
    cluster: Resource = {
        "name": cluster_name,
        "type": "STATIC" if first.is_address else "STRICT_DNS",
        "connect_timeout": "3s",
        "load_assignment": {
            "cluster_name": cluster_name,
            "endpoints": [{"lb_endpoints": [lb_endpoint(host) for host in hosts]}],
        },
        "typed_extension_protocol_options": {
            HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
                "common_http_protocol_options": {"idle_timeout": KEEP_ALIVE},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }
    if not first.is_address:
        cluster["dns_lookup_family"] = "V4_PREFERRED"
    if first.scheme == "https":
        cluster |= over_tls(hosts, ca_file or backend_ca_file())
    return cluster


def lb_endpoint(host: Endpoint) -> Resource:
    """Its name says which of the cluster's TLS contexts is for it (over_tls)."""
    told = {"metadata": {"filter_metadata": {"envoy.transport_socket_match": {"name": host.host}}}}
    return {"endpoint": host_of(host), **(told if host.scheme == "https" else {})}


def host_of(endpoint: Endpoint) -> Resource:
    """Called by its own name, whichever of several it is (auto_host_rewrite)."""
    return {
        "hostname": endpoint.authority,
        "address": address(endpoint.host, endpoint.port),
        # An active check asks for the name, too.
        "health_check_config": {"hostname": endpoint.authority},
    }


def over_tls(hosts: Sequence[Endpoint], ca_file: str) -> Resource:
    """Each host is asked for by its own name, and has to show that one."""
    sockets = {host.host: upstream_tls(host, ca_file) for host in hosts}
    if len(sockets) == 1:
        return {"transport_socket": sockets[hosts[0].host]}
    matches = [{"name": name, "match": {"name": name}, "transport_socket": one} for name, one in sockets.items()]
    return {"transport_socket_matches": matches}


def contexts(cluster: Resource) -> list[Resource]:
    """How it speaks TLS, to each of its names; none where it does not."""
    holders = cluster.get("transport_socket_matches") or [cluster]
    sockets = [holder["transport_socket"] for holder in holders if "transport_socket" in holder]
    return [socket["typed_config"]["common_tls_context"] for socket in sockets]


def guarded(cluster: Resource, settings: Backend) -> Resource:
    """A host that fails is left alone for a while, and a backend that cannot keep up is not asked for more."""
    limits = {
        "max_connections": settings.connections,
        "max_pending_requests": settings.waiting,
        "max_requests": settings.requests,
        "max_retries": 20,
    }
    guarded = {
        **cluster,
        "circuit_breakers": {"thresholds": [limits]},
        "outlier_detection": OUTLIERS,
        "common_lb_config": {"healthy_panic_threshold": {"value": PANIC}},
    }
    if settings.health_path:
        guarded["health_checks"] = [health_check(settings.health_path)]
    if settings.certificate:
        for context in contexts(cluster):
            context["tls_certificates"] = [certificate(settings)]
    return guarded


def health_check(path: str) -> Resource:
    return {
        "timeout": "2s",
        "interval": "5s",
        "no_traffic_interval": "5s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        # Any answer that says yes, such as 204.
        "http_health_check": {"path": path, "expected_statuses": [{"start": 200, "end": 300}]},
    }


def certificate(settings: Backend) -> Resource:
    """The gateway's own, for a backend that asks for one. The key is opened here and goes to the gateways only."""
    key = backends.usual_key(settings)
    return {"certificate_chain": {"inline_string": settings.certificate}, "private_key": {"inline_string": key}}


def address(host: str, port: int) -> Resource:
    return {"socket_address": {"address": host, "port_value": port}}


def backend_ca_file() -> str:
    """The certificate authorities that may vouch for a backend: those of the system unless the setting says."""
    return str(settings.GATEWAY_BACKEND_CA_FILE or ssl.get_default_verify_paths().cafile or "")


def defect(api: PublishedApi) -> str:
    """Why an Envoy would refuse these clusters, in a sentence; empty when it would not."""
    https = [endpoint for hosts in api.endpoints().values() for endpoint in hosts if endpoint.scheme == "https"]
    if https and not Path(backend_ca_file()).is_file():
        return (
            "No certificate authorities are known to check a backend over https by: set APIM_GATEWAY_BACKEND_CA_FILE."
        )
    try:
        backends.check_certificate(api.backend)
    except ValueError as error:
        return str(error)
    return ""


def upstream_tls(host: Endpoint, ca_file: str) -> Resource:
    """TLS towards a backend: the chain and the name in the certificate are both checked (RFC 9110 4.3.4)."""
    kind = "IP_ADDRESS" if host.is_address else "DNS"
    context: Resource = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
            "validation_context": {
                "trusted_ca": {"filename": ca_file},
                "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": host.host}}],
            },
        },
    }
    if not host.is_address:
        context["sni"] = host.host
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}
