"""Limits: how often may be called, by tier. Each level of tiers is a filter of its own (ECDS), because each has a fault
code of its own, and each is delivered by itself, so that publishing an API leaves every count as it is.

What is counted stands in the routes (`rate_limits`), how much is allowed stands in the filters. A tier's bucket begins
full and fills evenly: 50 a minute is one every 1.2 s, and 50 at once after a pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gateway import faults, filters
from gateway.apis import PublishedApi, Resource
from store.models import ThrottlingPolicy

Config = dict[str, Any]
Levels = ThrottlingPolicy.Level

# Buckets that an Envoy remembers for each tier; of more callers than that the one who was away longest begins anew.
MOST = 20_000
ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
UNAUTHENTICATED = "Unauthenticated"


class Tier(NamedTuple):
    level: str
    name: str
    calls: int | None
    seconds: int
    burst: int | None  # calls a second


class Level(NamedTuple):
    """What a tier of this level is called in a count, and what else tells one count from another."""

    key: str
    counted: tuple[str, ...]


LEVELS: dict[str, Level] = {
    Levels.RESOURCE: Level("resource_tier", ("resource",)),
    Levels.SUBSCRIPTION: Level("subscription_tier", ("application", "api")),
    Levels.APPLICATION: Level("application_tier", ("application", "user")),
    Levels.ANONYMOUS: Level("anonymous_tier", ("masked_remote_address",)),
}


class Limit(NamedTuple):
    """A filter: the `stage` of the counts it looks at, the levels of its tiers, what it says (a header's value)."""

    stage: int
    levels: tuple[str, ...]
    code: str


LIMITS = {
    filters.LIMIT_RESOURCE: Limit(0, (Levels.RESOURCE,), "%METADATA(ROUTE:gateway:limit)%"),
    filters.LIMIT_BURST: Limit(1, (Levels.SUBSCRIPTION,), "900807"),
    filters.LIMIT_SUBSCRIPTION: Limit(1, (Levels.SUBSCRIPTION, Levels.ANONYMOUS), "900804"),
    filters.LIMIT_APPLICATION: Limit(2, (Levels.APPLICATION,), "900803"),
}


def tiers() -> tuple[Tier, ...]:
    rows = ThrottlingPolicy.objects.order_by("level", "name")
    return tuple(Tier(*row) for row in rows.values_list("level", "name", "request_count", "unit_time", "burst_count"))


def local(name: str, known: Sequence[Tier]) -> Config:
    """Buckets in Envoy's own memory."""
    limit = LIMITS[name]
    descriptors = [bucket(tier, *allowed) for tier, allowed in limited(name, known)]
    return {
        "@type": f"{filters.EXTENSIONS}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": name.replace(".", "_"),
        "stage": limit.stage,
        "vh_rate_limits": "INCLUDE",
        "descriptors": descriptors,
        "max_dynamic_descriptors": MOST,
        # What is in no tier is not limited: there is no bucket for all.
        "always_consume_default_token_bucket": False,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "response_headers_to_add": [faults.says(limit.code)],
        **({"filter_enabled": ALWAYS, "filter_enforced": ALWAYS} if descriptors else {}),
    }


def limited(name: str, known: Sequence[Tier]) -> Iterable[tuple[Tier, tuple[int, int]]]:
    """The tiers that this filter limits, each with how many calls it allows in how many seconds."""
    for tier in known:
        calls, seconds = (tier.burst, 1) if name == filters.LIMIT_BURST else (tier.calls, tier.seconds)
        if tier.level in LIMITS[name].levels and calls is not None:
            # Envoy would refuse the whole filter for a zero.
            yield tier, (max(calls, 1), max(seconds, 1))


def bucket(tier: Tier, calls: int, seconds: int) -> Config:
    """Of one tier; an empty value stands for any, each with a bucket of its own."""
    level = LEVELS[tier.level]
    return {
        "entries": [{"key": level.key, "value": tier.name}, *({"key": key, "value": ""} for key in level.counted)],
        "token_bucket": {"max_tokens": calls, "tokens_per_fill": calls, "fill_interval": f"{seconds}s"},
    }


def told(api: PublishedApi, resource: Resource) -> dict[str, str]:
    """What a route says of itself (its metadata), so that its calls are counted under the tiers of its API."""
    said = {
        "api_tier": api.tier,
        "resource_tier": resource.tier,
        "counted": f"{api.path} {resource.method} {resource.path}" if resource.tier else "",
        "anonymous_tier": UNAUTHENTICATED if resource.auth == "none" else "",
        "limit": "900802" if resource.tier else "900800",
    }
    return {name: value for name, value in said.items() if value}


def of_subscription(api: PublishedApi) -> list[Config]:
    """The count of a route of this API: by the application, under the tier that its token names.

    Where a call may do without a subscription, the API has a tier for it, and a client that is of no application is
    counted by its own name. One that is of an application is counted twice, which changes nothing: the count of the
    application holds the calls of all its clients, so it is at its end first.
    """
    path = api.path[1:]
    tier = claim("subscription_tier", "subscriptions", path)
    by = [claim("application", "application", "id")]
    if api.subscriptionless_tier:
        tier["metadata"]["default_value"] = api.subscriptionless_tier
        by.append(claim("application", "client_id"))
    return [count(1, tier, whose, constant("api", path)) for whose in by]


def of_all() -> list[Config]:
    """The counts of every route, as far as it says so (`told`) or the token does.

    A token is known by its application and whose it is: a new one every call gains nothing, and of the users of an
    application each has what the quota promises.
    """
    application = (claim("application", "application", "id"), claim("user", "sub"))
    return [
        count(0, of_route("resource_tier", "api_tier"), of_route("resource", "path")),
        count(0, of_route("resource_tier", "resource_tier"), of_route("resource", "counted")),
        count(1, of_route("anonymous_tier", "anonymous_tier"), address()),
        count(2, claim("application_tier", "application", "tier"), *application),
    ]


def count(stage: int, *actions: Config) -> Config:
    """For the filters of this stage. A call that lacks one of these is not counted."""
    return {"stage": stage, "actions": list(actions)}


def claim(key: str, *path: str) -> Config:
    """From the verified token."""
    return {"metadata": {"descriptor_key": key, "metadata_key": place(filters.JWT, filters.PAYLOAD, *path)}}


def of_route(key: str, name: str) -> Config:
    return {"metadata": {"descriptor_key": key, "metadata_key": place("gateway", name), "source": "ROUTE_ENTRY"}}


def place(namespace: str, *path: str) -> Config:
    return {"key": namespace, "path": [{"key": name} for name in path]}


def constant(key: str, value: str) -> Config:
    return {"generic_key": {"descriptor_key": key, "descriptor_value": value}}


def address() -> Config:
    """Where the call comes from. Of IPv6 a network of 64 bits: whoever has one address has all of these."""
    return {"masked_remote_address": {"v6_prefix_mask_len": 64}}
