"""What a token has to have for a resource: audience, kind, subscription, scope; an rbac filter that the portal tells.

A route says by its metadata which permit it asks for, and the filter finds that one in a hash map: a thousand routes
cost no more than their names, and a call costs the same whichever of them it takes. What is not in the map is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from gateway import filters
from gateway.apis import REMEMBERED, PublishedApi, Resource

Config = dict[str, Any]

MATCHING = "type.googleapis.com/envoy.extensions.matching"
METADATA_INPUT = f"{MATCHING}.common_inputs.network.v3.DynamicMetadataInput"
METADATA_MATCHER = f"{MATCHING}.input_matchers.metadata.v3.Metadata"
STATE_INPUT = f"{MATCHING}.common_inputs.network.v3.FilterStateInput"
ACTION = "type.googleapis.com/envoy.config.rbac.v3.Action"
PRESENT = {"present_match": True}
# Only tokens that somebody has authorized carry the id of an authorization (keymanager/tokens.py).
OF_A_PERSON = "grant_id"


class Permit(NamedTuple):
    api: str  # photos/1.0
    auth: str
    scopes: tuple[str, ...]

    @property
    def key(self) -> str:
        return " | ".join([f"{self.api} {self.auth}", *self.scopes])


def of_resource(api: PublishedApi, resource: Resource) -> Permit:
    return Permit(api.path[1:], resource.auth, resource.scopes)


def of_api(api: PublishedApi) -> Permit:
    """To be told something about the API as such."""
    return Permit(api.path[1:], "any", ())


def all_of(api: PublishedApi) -> set[Permit]:
    asked = {of_resource(api, resource) for resource in api.resources if resource.auth != "none"}
    return {of_api(api), *asked}


def filter_text(permits: Iterable[Permit]) -> str:
    """The filter as JSON. Written by hand around the entries, because there may be thousands."""
    entries = ",".join(f"{json.dumps(permit.key)}:{text(permit)}" for permit in permits)
    state = {"name": "permit", "typed_config": {"@type": STATE_INPUT, "key": filters.PERMIT}}
    tree = {"input": state, "exact_match_map": {"map": {"entries": "here"}}}
    nothing = {"action": verdict("not_known_yet", "DENY")}
    # A map must not be empty.
    known = {"matcher": {"matcher_tree": tree, "on_no_match": nothing}} if entries else nothing
    refused = {"predicate": unusable_token(), "on_match": {"action": verdict("not_an_access_token", "DENY")}}
    matcher = {"matcher_list": {"matchers": [refused]}, "on_no_match": known}
    whole = json.dumps({"@type": filters.RBAC, "matcher": matcher})
    return whole.replace(json.dumps({"entries": "here"}), f"{{{entries}}}")


def unusable_token() -> Config:
    """A verified token that is no bearer access token (RFC 9068 4). One that is bound to a key needs a proof, which
    only the portal checks (RFC 9449 7.2); one that says it was proved, or that stands for an API key, is the gateway's,
    and a backend may have seen it."""
    only_exchanged = [claim([name], PRESENT) for name in ("cnf", "proved", "api_key")]
    was_exchanged = verified([filters.EXCHANGED_HEADER], PRESENT)
    from_caller = every([either(only_exchanged), {"not_matcher": was_exchanged}])
    return either([{"not_matcher": access_token()}, from_caller])


def access_token() -> Config:
    """Not an ID token, for example: RFC 9068 4: the typ MUST be checked."""
    types = {"string_match": {"safe_regex": {"regex": "(?i)(application/)?at\\+jwt"}}}
    return either([verified([place, "typ"], types) for place in (filters.HEADER, filters.EXCHANGED_HEADER)])


@lru_cache(maxsize=REMEMBERED)
def text(permit: Permit) -> str:
    return json.dumps(entry(permit))


def entry(permit: Permit) -> Config:
    """In the order of the original (wso2-2.6.md 10): the token, its kind, the subscription, the scope."""
    steps = [
        (audience(permit), "other_audience"),
        (kind(permit), "other_kind_of_token"),
        (claim(["subscriptions", permit.api], PRESENT), "not_subscribed"),
        (scope(permit), "other_scope"),
    ]
    allowed: Config = {"action": verdict("permitted", "ALLOW")}
    for predicate, reason in reversed([(predicate, reason) for predicate, reason in steps if predicate]):
        only = {"predicate": predicate, "on_match": allowed}
        refused = {"action": verdict(reason, "DENY")}
        allowed = {"matcher": {"matcher_list": {"matchers": [only]}, "on_no_match": refused}}
    return allowed


def verdict(name: str, action: str) -> Config:
    return {"name": name, "typed_config": {"@type": ACTION, "name": name, "action": action}}


def claim(path: list[str], value: Config) -> Config:
    return verified([filters.PAYLOAD, *path], value)


def verified(path: list[str], value: Config) -> Config:
    """A predicate on what jwt_authn has verified."""
    steps = [{"key": key} for key in path]
    told = {"@type": METADATA_INPUT, "filter": filters.JWT, "path": steps}
    matcher = {"@type": METADATA_MATCHER, "value": value}
    named = {"name": "claim", "typed_config": told}
    return {"single_predicate": {"input": named, "custom_match": {"name": "value", "typed_config": matcher}}}


def either(predicates: list[Config]) -> Config:
    return predicates[0] if len(predicates) == 1 else {"or_matcher": {"predicate": predicates}}


def every(predicates: list[Config]) -> Config:
    return predicates[0] if len(predicates) == 1 else {"and_matcher": {"predicate": predicates}}


def audience(permit: Permit) -> Config:
    """Tokens for the whole gateway, and those for this API alone (RFC 8707 2); a text or a list (RFC 7519 4.1.3)."""
    addresses = [settings.ACCESS_TOKEN_AUDIENCE, f"{settings.GATEWAY_URL}/{permit.api}"]
    regex = f"({'|'.join(map(re.escape, addresses))})/?"
    one = {"string_match": {"safe_regex": {"regex": regex}}}
    return either([claim(["aud"], one), claim(["aud"], {"list_match": {"one_of": one}})])


def kind(permit: Permit) -> Config | None:
    person = claim([OF_A_PERSON], PRESENT)
    return {"user": person, "application": {"not_matcher": person}}.get(permit.auth)


def scope(permit: Permit) -> Config | None:
    """One of the alternatives, and all that it lists. jwt_authn makes a list of the claim (filters.provider)."""
    alternatives = [every([claim(["scope"], listed(name)) for name in one.split()]) for one in permit.scopes]
    return either(alternatives) if alternatives else None


def listed(name: str) -> Config:
    return {"list_match": {"one_of": {"string_match": {"exact": name}}}}
