"""The file an Envoy starts from: its door, its filters, and where to ask for everything else."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings

from gateway import (
    agents,
    assertion_filters,
    clusters,
    envoy_admin,
    faults,
    filters,
    routes,
    tracing,
    usage_lines,
    usage_log,
)
from gateway.agent.diagnosis import RUNTIME
from store.endpoints import endpoint

Config = dict[str, Any]

TYPES = "type.googleapis.com/envoy.extensions"
# Removed from every request before anything looks at it: what only the gateway itself may say, by how it begins, ...
STRIPPED_BEGINNINGS = ("x-forwarded-", "x-envoy-", "x-gateway-", "x-original-")
# ... and by name. A call must not become another method at the backend than the one whose scope was asked for, and of a
# header `proxy` some backends make the proxy that they call others by (httpoxy, CVE-2016-5385).
STRIPPED = (
    "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "x-cluster-client-ip", "cf-connecting-ip",
    "fastly-client-ip", "x-rewrite-url", "x-jwt-assertion", "x-http-method-override", "x-http-method",
    "x-method-override", "proxy", "proxy-authorization",
)  # fmt: skip


class Door(NamedTuple):
    """Where this Envoy listens. `admin_port`: 0 for a socket file that only its owner may open."""

    node_id: str
    address: str
    port: int
    admin_port: int


def configuration(door: Door, key: str) -> Config:
    """The bootstrap of one Envoy as a plain dict. `key` is the node key: whoever reads the file may ask for routes."""
    portal = clusters.backend(routes.portal(), endpoint(settings.PORTAL_URL), ca_file=str(settings.TLS_CA_FILE))
    config: Config = {
        "node": {"id": door.node_id, "cluster": "gateway", "metadata": {"key": key}},
        "static_resources": {
            "listeners": [listener(door)],
            "clusters": [portal, agents.cluster(), *tracing.collectors()],
        },
        "dynamic_resources": {"cds_config": agents.source()},
        "overload_manager": overload_manager(),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": RUNTIME | tracing.runtime()}]},
    }
    if address := admin_address(door):
        config["admin"] = {"address": address}
    return config


def admin_address(door: Door) -> Config | None:
    if door.admin_port:
        return clusters.address("127.0.0.1", door.admin_port)
    path = envoy_admin.socket_path(door.node_id)
    return {"pipe": {"path": str(path), "mode": 0o600}} if path else None


def overload_manager() -> Config:
    limit = (
        "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    )
    config = {"@type": limit, "max_active_downstream_connections": 20000}
    name = "envoy.resource_monitors.global_downstream_max_connections"
    return {"resource_monitors": [{"name": name, "typed_config": config}]}


def listener(door: Door) -> Config:
    manager = {"name": "envoy.filters.network.http_connection_manager", "typed_config": connection_manager(door)}
    return {
        "name": "gateway",
        "address": clusters.address(door.address, door.port),
        "per_connection_buffer_limit_bytes": 32768,
        "filter_chains": [
            {"filters": [manager], "transport_socket": downstream_tls(), "transport_socket_connect_timeout": "10s"}
        ],
    }


def downstream_tls() -> Config:
    tls = settings.TLS_CA_FILE.parent
    certificate = {
        "certificate_chain": {"filename": str(tls / "localhost.pem")},
        "private_key": {"filename": str(tls / "localhost-key.pem")},
    }
    common = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [certificate],
        # Anybody's certificate, and none, is let in: the key manager looks whose it is (RFC 8705 2). A self-signed one
        # is known by its key, so there is no authority to ask (RFC 8705 6.2).
        "validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"},
    }
    kind = f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext"
    return {"name": "envoy.transport_sockets.tls", "typed_config": {"@type": kind, "common_tls_context": common}}


def connection_manager(door: Door) -> Config:
    """The limits are those that Envoy recommends for a server at the edge of a network."""
    return {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "server_name": "gateway",
        "rds": {"route_config_name": routes.NAME, "config_source": agents.source()},
        "http_filters": filters.chain(routes.portal(), agents.source(), assertion_filters.chain(routes.portal())),
        "local_reply_config": faults.local_reply_config(),
        "access_log": [access_log(door.node_id)],
        **tracing.manager(),
        "early_header_mutation_extensions": [early_header_mutation()],
        # Whatever a caller says of his certificate is removed; what he has shown takes its place.
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"chain": True},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "use_remote_address": True,
        # Nobody is inside (an empty list would mean every private address), so x-envoy-* is nobody's to send.
        "internal_address_config": {"cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]},
        "always_set_request_id_in_response": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": 60,
        "request_headers_timeout": "10s",
        "request_timeout": "300s",
        "stream_idle_timeout": "300s",
        "common_http_protocol_options": common(),
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
        },
    }


def common() -> Config:
    # Who calls is checked when a call begins: one that never ends, a WebSocket or events, must not outlive its token.
    life = {"max_stream_duration": f"{settings.GATEWAY_CALL_LIFE}s"} if settings.GATEWAY_CALL_LIFE else {}
    # An underscore and a hyphen are the same to a CGI-like backend, so x_forwarded_host could pass for ours.
    return {"idle_timeout": "300s", "headers_with_underscores_action": "DROP_HEADER", **life}


def early_header_mutation() -> Config:
    kind = f"{TYPES}.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    named = [{"remove": header} for header in (*STRIPPED, *tracing.stripped())]
    begun = [{"remove_on_match": {"key_matcher": {"prefix": beginning}}} for beginning in STRIPPED_BEGINNINGS]
    config = {"@type": kind, "mutations": [*named, *begun]}
    return {"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": config}


def access_log(node_id: str) -> Config:
    """One JSON line a call, for the counter (gateway/usage.py)."""
    config = {
        "@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog",
        "path": str(usage_log.path(node_id)),
        "log_format": {"text_format_source": {"inline_string": usage_lines.FORMAT}},
    }
    return {"name": "envoy.access_loggers.file", "typed_config": config}
