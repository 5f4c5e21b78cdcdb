"""The filters that refuse what somebody has blocked (ECDS), before anything else: where a call comes from and where it
goes first, then, once its token is verified, whose it is, and whether that one's subscription is over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from gateway import answers, filters, permits
from gateway.answers import Answer
from store.throttling import Blocked

Config = dict[str, Any]
Ended = tuple[tuple[str, str], ...]

INPUTS = "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3"
HEADER = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
NETWORKS = "type.googleapis.com/envoy.extensions.matching.input_matchers.ip.v3.Ip"
PASSED: Config = {"action": permits.verdict("not_blocked", "ALLOW")}
# A filter without rules looks at nothing: where nothing is blocked, a call pays next to nothing.
NOTHING: Config = {"@type": filters.RBAC}


@lru_cache(maxsize=1)
def places_answer(blocked: Blocked) -> Answer:
    return answers.extension(filters.BLOCKED_PLACES, json.dumps(places(blocked.networks, blocked.contexts)))


@lru_cache(maxsize=1)
def callers_answer(blocked: Blocked, ended: Ended) -> Answer:
    told = callers(blocked.subjects, blocked.applications, ended)
    return answers.extension(filters.BLOCKED_CALLERS, json.dumps(told))


def places(networks: Sequence[str], contexts: Sequence[str]) -> Config:
    """By the real remote address, in one tree however many networks there are, and by the first part of the path."""
    found = [*from_networks(networks), *to_contexts(contexts)]
    if not found:
        return NOTHING
    return {"@type": filters.RBAC, "matcher": {"matcher_list": {"matchers": found}, "on_no_match": PASSED}}


def from_networks(networks: Sequence[str]) -> Iterable[Config]:
    if not networks:
        return
    ranges = [
        {"address_prefix": address, "prefix_len": int(length)}
        for address, _, length in (network.partition("/") for network in networks)
    ]
    tree = {"@type": NETWORKS, "cidr_ranges": ranges, "stat_prefix": "blocked_addresses"}
    source = {"name": "address", "typed_config": {"@type": f"{INPUTS}.SourceIPInput"}}
    within = {"input": source, "custom_match": {"name": "networks", "typed_config": tree}}
    yield refused("blocked_address", {"single_predicate": within})


def to_contexts(contexts: Sequence[str]) -> Iterable[Config]:
    """Whatever follows: a path below it, a query, or nothing."""
    if not contexts:
        return
    path = {"name": "path", "typed_config": {"@type": HEADER, "header_name": ":path"}}
    beginnings = [
        {"single_predicate": {"input": path, "value_match": match}}
        for context in contexts
        for match in ({"prefix": f"{context}/"}, {"prefix": f"{context}?"}, {"exact": context})
    ]
    yield refused("blocked_api", {"or_matcher": {"predicate": beginnings}})


def refused(name: str, predicate: Config) -> Config:
    return {"predicate": predicate, "on_match": {"action": permits.verdict(name, "DENY")}}


def callers(subjects: Sequence[str], applications: Sequence[str], ended: Ended) -> Config:
    """By whose the token is, by the application that it was given to, and by what that was subscribed to."""
    claims = {"blocked_user": (["sub"], subjects), "blocked_application": (["application", "id"], applications)}
    found = [refused(name, permits.claim(path, one_of(values))) for name, (path, values) in claims.items() if values]
    if not found and not ended:
        return NOTHING
    last = is_over(ended) if ended else PASSED
    whole = {"matcher_list": {"matchers": found}, "on_no_match": last} if found else last["matcher"]
    return {"@type": filters.RBAC, "matcher": whole}


def one_of(values: Sequence[str]) -> Config:
    matchers = [{"string_match": {"exact": value}} for value in values]
    return {"or_match": {"value_matchers": matchers}} if len(matchers) > 1 else matchers[0]


def is_over(ended: Ended) -> Config:
    """Two hash maps, in constant time: of the clients, and for each of the APIs that it was subscribed to."""
    apis: dict[str, dict[str, Config]] = {}
    for consumer_key, path in ended:
        apis.setdefault(consumer_key, {})[path] = {"action": permits.verdict("not_subscribed", "DENY")}
    api = {"name": "api", "typed_config": {"@type": permits.STATE_INPUT, "key": filters.API}}
    client = {"name": "client", "typed_config": {"@type": HEADER, "header_name": filters.REVOCABLE["client_id"]}}
    return look_up(client, {key: look_up(api, paths) for key, paths in apis.items()})


def look_up(told: Config, entries: dict[str, Config]) -> Config:
    tree = {"input": told, "exact_match_map": {"map": entries}}
    return {"matcher": {"matcher_tree": tree, "on_no_match": PASSED}}
