"""Envoy's clusters: one for each backend of each published API (CDS), and the portal itself (bootstrap)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway.apis import Endpoint, PublishedApi

Resource = dict[str, Any]

TYPE_URL = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# Below the idle timeouts usual in servers, so that it is rarely the server who closes a connection about to be used.
KEEP_ALIVE = "20s"


def name(api: PublishedApi, key_type: str) -> str:
    """Made of the id: a changed endpoint replaces the cluster in place, and the routes to it never dangle."""
    return f"{api.id}-{key_type.lower()}"


def of_api(api: PublishedApi) -> list[Resource]:
    return [
        {"@type": TYPE_URL, **backend(name(api, key_type), endpoint)}
        for key_type, endpoint in api.endpoints().items()
        if endpoint
    ]


def backend(cluster_name: str, endpoint: Endpoint, ca_file: str = "") -> Resource:
    """A cluster of one host. `ca_file`: who may have signed its certificate; by default the setting or the system's."""
    cluster: Resource = {
        "name": cluster_name,
        "type": "STATIC" if endpoint.is_address else "STRICT_DNS",
        "connect_timeout": "3s",
        "load_assignment": {
            "cluster_name": cluster_name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(endpoint.host, endpoint.port)}}]}],
        },
        "typed_extension_protocol_options": {
            HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
                "common_http_protocol_options": {"idle_timeout": KEEP_ALIVE},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }
    if not endpoint.is_address:
        cluster["dns_lookup_family"] = "V4_PREFERRED"
    if endpoint.scheme == "https":
        cluster["transport_socket"] = upstream_tls(endpoint, ca_file or backend_ca_file())
    return cluster


def address(host: str, port: int) -> Resource:
    return {"socket_address": {"address": host, "port_value": port}}


def backend_ca_file() -> str:
    """The certificate authorities that may vouch for a backend: those of the system unless the setting says."""
    return str(settings.GATEWAY_BACKEND_CA_FILE or ssl.get_default_verify_paths().cafile or "")


def defect(api: PublishedApi) -> str:
    """Why an Envoy would refuse these clusters, in a sentence; empty when it would not."""
    https = [endpoint for endpoint in api.endpoints().values() if endpoint and endpoint.scheme == "https"]
    if https and not Path(backend_ca_file()).is_file():
        return (
            "No certificate authorities are known to check a backend over https by: set APIM_GATEWAY_BACKEND_CA_FILE."
        )
    return ""


def upstream_tls(endpoint: Endpoint, ca_file: str) -> Resource:
    """TLS towards a backend: the chain and the name in the certificate are both checked (RFC 9110 4.3.4)."""
    kind = "IP_ADDRESS" if endpoint.is_address else "DNS"
    context: Resource = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
            "validation_context": {
                "trusted_ca": {"filename": ca_file},
                "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": endpoint.host}}],
            },
        },
    }
    if not endpoint.is_address:
        context["sni"] = endpoint.host
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}
