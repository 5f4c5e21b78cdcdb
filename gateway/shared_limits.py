"""Limits that several Envoys share: the rate-limit service of the Envoy project, with its counts in Redis
(APIM_RATELIMIT_SERVICE). What is counted stays as it is (gateway/throttling.py); the service counts it, in turns of the
clock, and is told the tiers by files (`manage.py write_ratelimit_config`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway import clusters, faults, filters, throttling
from gateway.throttling import LEVELS, LIMITS, Tier
from store.endpoints import endpoint

Config = dict[str, Any]

CLUSTER = "ratelimit"
# The units that the service has, by their seconds.
UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def enabled() -> bool:
    return bool(settings.RATELIMIT_SERVICE)


def shared(name: str, known: Sequence[Tier]) -> Config:
    """The filter of this name. While the service is away calls pass: an API that stands still would be worse."""
    limit = LIMITS[name]
    asked = 100 if any(throttling.limited(name, known)) else 0
    service = {"grpc_service": {"envoy_grpc": {"cluster_name": CLUSTER}}, "transport_api_version": "V3"}
    return {
        "@type": f"{filters.EXTENSIONS}.ratelimit.v3.RateLimit",
        "domain": name,
        "stage": limit.stage,
        "filter_enabled": {"default_value": {"numerator": asked, "denominator": "HUNDRED"}},
        "timeout": "0.25s",
        "failure_mode_deny": False,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "response_headers_to_add": [faults.says(limit.code)],
        "rate_limit_service": service,
    }


def of_host() -> Config:
    """For the virtual host: without it a route's own count would take the place of those of all."""
    if not enabled():
        return {}
    include = {"@type": f"{filters.EXTENSIONS}.ratelimit.v3.RateLimitPerRoute", "vh_rate_limits": "INCLUDE"}
    return dict.fromkeys(filters.LIMITS, include)


def of_service() -> list[Config]:
    """The service as a cluster, by gRPC, thus HTTP/2."""
    if not enabled():
        return []
    cluster = clusters.backend(
        CLUSTER, endpoint(settings.RATELIMIT_SERVICE), ca_file=settings.RATELIMIT_SERVICE_CA_FILE
    )
    options = cluster["typed_extension_protocol_options"][clusters.HTTP_OPTIONS]
    options["explicit_http_config"] = {"http2_protocol_options": {}}
    return [{"@type": clusters.TYPE_URL, **cluster}]


def configuration(known: Sequence[Tier]) -> dict[str, Config]:
    """What the service is told: each filter is a domain of its own."""
    return {
        name: {
            "domain": name,
            "descriptors": [rule(tier, *allowed) for tier, allowed in throttling.limited(name, known)],
        }
        for name in LIMITS
    }


def rule(tier: Tier, calls: int, seconds: int) -> Config:
    """The tier by its name, then any value of each of what it is counted by."""
    level = LEVELS[tier.level]
    found: Config = {"rate_limit": per_unit(calls, seconds)}
    for key in reversed(level.counted):
        found = {"descriptors": [{"key": key, **found}]}
    return {"key": level.key, "value": tier.name, **found}


def per_unit(calls: int, seconds: int) -> Config:
    """In the next larger unit, with as many more calls, where the service does not know this one."""
    unit = next((unit for unit in UNITS if unit >= seconds), max(UNITS))
    return {"unit": UNITS[unit], "requests_per_unit": max(calls * unit // seconds, 1)}


def write(folder: Path, known: Sequence[Tier]) -> None:
    """A file for each domain, replaced in one step each: the service reads a folder anew whenever a file comes in."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    for name, told in configuration(known).items():
        # JSON is YAML.
        text = json.dumps(told, indent=1)
        path = config / f"{name}.yaml"
        if not path.exists() or path.read_text() != text:
            scratch = folder / f".{name}"
            scratch.write_text(text)
            scratch.replace(path)
