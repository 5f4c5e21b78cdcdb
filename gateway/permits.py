"""What a token has to have for a resource: two rbac filters that the portal tells.

A route says by its metadata which API it is of and which permit it asks for, and each filter finds that in a hash
map: a thousand routes cost no more than their names, and a call costs the same whichever of them it takes. What is in
no map is refused.
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
    """What a resource asks for beside the subscription to its API."""

    auth: str
    scopes: tuple[str, ...]

    @property
    def key(self) -> str:
        return " | ".join([self.auth, *self.scopes])


ANY = Permit("any", ())


def of_resource(resource: Resource) -> Permit:
    return Permit(resource.auth, resource.scopes)


def all_of(api: PublishedApi) -> set[Permit]:
    return {ANY, *(of_resource(resource) for resource in api.resources if resource.auth != "none")}


def subscriptions(apis: Iterable[PublishedApi]) -> str:
    """The filter that asks for a token for the API, of an application that is subscribed to it; as JSON."""
    asked = ((api.path, of_api(api.path, subscriptionless=bool(api.subscriptionless_tier))) for api in apis)
    return filter_text(filters.API, (f"{json.dumps(path)}:{predicates}" for path, predicates in asked))


def permits(asked: Iterable[Permit]) -> str:
    """The filter that asks for the kind of token and the scope of a resource; the same for all APIs that ask alike."""
    return filter_text(filters.PERMIT, (f"{json.dumps(permit.key)}:{of_permit(permit)}" for permit in asked))


def filter_text(state: str, entries: Iterable[str]) -> str:
    """Written by hand around the entries, because there may be thousands."""
    told = {"name": "state", "typed_config": {"@type": STATE_INPUT, "key": state}}
    tree = {"input": told, "exact_match_map": {"map": {"entries": "here"}}}
    nothing = {"action": verdict("not_known_yet", "DENY")}
    text = ",".join(entries)
    # A map must not be empty.
    matcher = {"matcher_tree": tree, "on_no_match": nothing} if text else {"on_no_match": nothing}
    whole = json.dumps({"@type": filters.RBAC, "matcher": first(matcher) if state == filters.API else matcher})
    return whole.replace(json.dumps({"entries": "here"}), f"{{{text}}}")


def first(then: Config) -> Config:
    """What is no access token goes no further."""
    refused = {"predicate": unusable_token(), "on_match": {"action": verdict("not_an_access_token", "DENY")}}
    otherwise = {"matcher": then} if "matcher_tree" in then else then["on_no_match"]
    return {"matcher_list": {"matchers": [refused]}, "on_no_match": otherwise}


def unusable_token() -> Config:
    """A verified token that is no bearer access token (RFC 9068 4). One that is bound to a key needs a proof, which
    only the portal checks (RFC 9449 7.2); one that says it was proved, or that stands for an API key, is the gateway's,
    and a backend may have seen it."""
    only_exchanged = [claim([name], PRESENT) for name in ("cnf", "proved", "api_key")]
    # Envoy finds the token behind any words, and a backend that asks for the header would believe these.
    behind_words = {"not_matcher": filters.spelt(" ")}
    was_exchanged = verified([filters.EXCHANGED_HEADER], PRESENT)
    from_caller = every([either([*only_exchanged, behind_words]), {"not_matcher": was_exchanged}])
    return either([{"not_matcher": access_token()}, from_caller])


def access_token() -> Config:
    """Not an ID token, for example: RFC 9068 4: the typ MUST be checked."""
    types = {"string_match": {"safe_regex": {"regex": "(?i)(application/)?at\\+jwt"}}}
    return either([verified([place, "typ"], types) for place in (filters.HEADER, filters.EXCHANGED_HEADER)])


@lru_cache(maxsize=REMEMBERED)
def of_api(path: str, *, subscriptionless: bool) -> str:
    itself = f"{settings.GATEWAY_URL}{path}"
    subscribed = claim(["subscriptions", path[1:]], PRESENT)
    if subscriptionless:
        # RFC 8707 2: only a token that a person has approved for this very API.
        subscribed = either([subscribed, every([claim([OF_A_PERSON], PRESENT), audience(itself)])])
    meant_for = audience(settings.ACCESS_TOKEN_AUDIENCE, itself)
    return json.dumps(steps((meant_for, "other_audience"), (subscribed, "not_subscribed")))


@lru_cache(maxsize=REMEMBERED)
def of_permit(permit: Permit) -> str:
    return json.dumps(steps((kind(permit), "other_kind_of_token"), (scope(permit), "other_scope")))


def steps(*asked: tuple[Config | None, str]) -> Config:
    """Each predicate in turn, and the reason when it does not hold."""
    allowed: Config = {"action": verdict("permitted", "ALLOW")}
    for predicate, reason in reversed(asked):
        if predicate:
            only = {"predicate": predicate, "on_match": allowed}
            refused = {"action": verdict(reason, "DENY")}
            allowed = {"matcher": {"matcher_list": {"matchers": [only]}, "on_no_match": refused}}
    return allowed


def verdict(name: str, action: str) -> Config:
    """What an rbac filter does, and the reason that Envoy tells for it."""
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


def audience(*addresses: str) -> Config:
    """Tokens for one of these, the gateway or an API by itself (RFC 8707 2); a text or a list (RFC 7519 4.1.3)."""
    one = {"string_match": {"safe_regex": {"regex": f"({'|'.join(map(re.escape, addresses))})/?"}}}
    return claim(["aud"], {"or_match": {"value_matchers": [one, {"list_match": {"one_of": one}}]}})


def kind(permit: Permit) -> Config | None:
    person = claim([OF_A_PERSON], PRESENT)
    return {"user": person, "application": {"not_matcher": person}}.get(permit.auth)


def scope(permit: Permit) -> Config | None:
    """One of the alternatives, and all that it lists."""
    alternatives = [every([claim(["scope"], word(name)) for name in one.split()]) for one in permit.scopes]
    return either(alternatives) if alternatives else None


def word(name: str) -> Config:
    """Of a list with spaces between (RFC 6749 3.3). jwt_authn can make a real one of it, which is a copy of all claims
    for each call and costs it as much as its line in the log."""
    return {"string_match": {"safe_regex": {"regex": f"(.* )?{re.escape(name)}( .*)?"}}}
