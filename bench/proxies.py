"""Envoys that do as little as an Envoy can: a backend that answers by itself, and proxies with few checks or
none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Config = dict[str, Any]
LONGEST = 1_000_000
TYPES = "type.googleapis.com/envoy.extensions"
JWT, PAYLOAD = "envoy.filters.http.jwt_authn", "jwt"


def backend(var: Path, port: int, size: int = 3) -> Path:
    """Answers every call with so many bytes."""
    answer = {"direct_response": {"status": 200, "body": {"inline_string": "x" * size}}}
    return written(var, "backend", listener(port, answer), [])


def bare(var: Path, port: int, to: int) -> Path:
    """Passes every call on; TLS towards the caller, as the gateway has it, and nothing else."""
    route = {"route": {"cluster": "backend"}}
    return written(var, "bare", listener(port, route, tls=var / "tls"), [cluster(to)])


def hardened(var: Path, port: int, to: int) -> Path:
    """The gateway's own door with every limit for the edge of a network that it has, but without its filters, its log
    and its routes."""
    config = json.loads((var / "gateway" / "envoy.json").read_text())
    door = config["static_resources"]["listeners"][0]
    door["address"] = address(port)
    manager = door["filter_chains"][0]["filters"][0]["typed_config"]
    for left_out in ("rds", "access_log", "early_header_mutation_extensions", "local_reply_config"):
        del manager[left_out]
    manager |= {"route_config": table({"route": {"cluster": "backend"}}), "http_filters": [router()]}
    return written(var, "hardened", door, [cluster(to)])


def least(var: Path, port: int, to: int, *, api: str, keys: str) -> Path:
    """Without these three filters no such call can be checked: its token, a subscription, one limit. `api`: by the name
    that tokens have for it; `keys`: a JWK set. What it costs is what no order of the gateway's filters gets below."""
    counted = {"tier": ("subscriptions", api), "application": ("application", "id")}
    action = {"cluster": "backend", "rate_limits": [{"actions": [told(*one) for one in counted.items()]}]}
    checks = [verified(api, keys), subscribed(api), limited(list(counted))]
    return written(var, "least", listener(port, {"route": action}, checks, tls=var / "tls"), [cluster(to)])


def told(name: str, claim: tuple[str, ...]) -> Config:
    return {"metadata": {"descriptor_key": name, "metadata_key": {"key": JWT, "path": path_of(*claim)}}}


def path_of(*claim: str) -> list[Config]:
    """Where `verified` leaves it."""
    return [{"key": key} for key in (PAYLOAD, *claim)]


def verified(api: str, keys: str) -> Config:
    """With the memory that the gateway has, for a signature costs more than all the rest."""
    provider = {"payload_in_metadata": PAYLOAD, "local_jwks": {"inline_string": keys}, "jwt_cache_config": {}}
    rule = {"match": {"prefix": f"/{api}/"}, "requires": {"provider_name": "portal"}}
    return http_filter(JWT, "jwt_authn.v3.JwtAuthentication", providers={"portal": provider}, rules=[rule])


def subscribed(api: str) -> Config:
    matcher = {"filter": JWT, "path": path_of("subscriptions", api), "value": {"present_match": True}}
    policies = {
        "subscribed": {
            "permissions": [{"any": True}],
            "principals": [{"sourced_metadata": {"metadata_matcher": matcher}}],
        },
        "health": {"permissions": [{"url_path": {"path": {"exact": "/health"}}}], "principals": [{"any": True}]},
    }
    return http_filter("envoy.filters.http.rbac", "rbac.v3.RBAC", rules={"policies": policies})


def limited(counted: list[str]) -> Config:
    bucket = {"max_tokens": LONGEST, "tokens_per_fill": LONGEST, "fill_interval": "0.05s"}
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    entries = [{"key": name} for name in counted]
    return http_filter(
        "envoy.filters.http.local_ratelimit",
        "local_ratelimit.v3.LocalRateLimit",
        stat_prefix="least",
        token_bucket=bucket,
        descriptors=[{"entries": entries, "token_bucket": bucket}],
        filter_enabled=always,
        filter_enforced=always,
    )


def http_filter(name: str, kind: str, **config: Any) -> Config:
    return {"name": name, "typed_config": {"@type": f"{TYPES}.filters.http.{kind}", **config}}


def listener(port: int, action: Config, checks: Sequence[Config] = (), tls: Path | None = None) -> Config:
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "route_config": table(action),
        "http_filters": [*checks, router()],
    }
    chain: Config = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if tls:
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context(tls)}
    return {"address": address(port), "filter_chains": [chain]}


def table(action: Config) -> Config:
    """`action` for every path but that of the health check."""
    health = {"match": {"path": "/health"}, "direct_response": {"status": 200}}
    host = {"name": "all", "domains": ["*"], "routes": [health, {"match": {"prefix": "/"}, **action}]}
    # Of the backend's own answers.
    return {"virtual_hosts": [host], "max_direct_response_body_size_bytes": LONGEST}


def router() -> Config:
    return http_filter("envoy.filters.http.router", "router.v3.Router")


def cluster(port: int) -> Config:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]
    assignment = {"cluster_name": "backend", "endpoints": endpoints}
    return {"name": "backend", "type": "STATIC", "load_assignment": assignment}


def address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def context(tls: Path) -> Config:
    certificate = {
        "certificate_chain": {"filename": str(tls / "localhost.pem")},
        "private_key": {"filename": str(tls / "localhost-key.pem")},
    }
    kind = f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext"
    return {"@type": kind, "common_tls_context": {"tls_certificates": [certificate]}}


def written(var: Path, name: str, one: Config, clusters: list[Config]) -> Path:
    path = var / f"{name}.json"
    path.write_text(json.dumps({"static_resources": {"listeners": [one], "clusters": clusters}}))
    return path
