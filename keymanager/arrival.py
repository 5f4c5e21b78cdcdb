"""How an authorization request arrives: as parameters, as a signed object (RFC 9101), sent or to be fetched, or by a
reference to one that was pushed (RFC 9126).

Whichever it is, one set of parameters counts, and the list of checks in authorize.py looks at that one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from django.http import HttpRequest

from keymanager import authorize, dpop, errors, profiles, pushed_requests, request_objects, request_uris
from keymanager.authorize import AuthorizationRequest, NotRedirectable
from keymanager.models import Client
from keymanager.pushed_models import PushedRequest


class Way(Enum):
    PARAMETERS = "parameters"
    OBJECT = "object"
    REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What counts of a request. With a `fault`, `parameters` are those outside of the object that could not be used."""

    client: Client
    parameters: dict[str, str]
    way: Way = Way.PARAMETERS
    pushed: PushedRequest | None = None
    fault: errors.OAuthError | None = None


def arrive(received: dict[str, str]) -> Arrived:
    """The client and the parameters that count; NotRedirectable when nobody may be sent anywhere."""
    client = authorize.client_of(received)
    try:
        if "request_uri" in received:
            return by_reference(client, received)
        if "request" in received:
            return by_value(client, received)
    except errors.OAuthError as error:
        return Arrived(client=client, parameters=received, fault=error)
    return Arrived(client=client, parameters=received)


def by_reference(client: Client, received: dict[str, str]) -> Arrived:
    """RFC 9126 4, for references that were given here; those to elsewhere are another way."""
    if "request" in received:
        raise errors.InvalidRequest("Send request or request_uri, not both.")
    if not received["request_uri"].startswith(pushed_requests.PREFIX):
        return from_elsewhere(client, received)
    row = pushed_requests.open_for_browser(client, received["request_uri"])
    if row is None:
        raise NotRedirectable(errors.InvalidRequestUri(), {"client_id": client.client_id})
    return Arrived(client=client, parameters=row.parameters, way=Way.REFERENCE, pushed=row)


def from_elsewhere(client: Client, received: dict[str, str]) -> Arrived:
    """RFC 9101 5.2, OpenID Connect Core 6.2. For a client that may not come this way nothing is fetched. Fetched once:
    from here on it is as one by value, whatever the address holds when the person comes back."""
    check_way(client, Way.OBJECT)
    return by_value(client, received | {"request": request_uris.content(client, received["request_uri"])})


def by_value(client: Client, received: dict[str, str]) -> Arrived:
    """RFC 9101 5.1. Kept from here on like a pushed one, so that it does not expire while the person signs in."""
    parameters = request_objects.parameters_of(client, received)
    row = pushed_requests.push(client, parameters)
    pushed_requests.hold_open(row)
    return Arrived(client=client, parameters=parameters, way=Way.OBJECT, pushed=row)


def redirect_uri_of(arrived: Arrived) -> str:
    """Where faults may be sent. Beside an object that cannot be used, what stands outside must be the client's."""
    try:
        return authorize.redirect_uri_of(arrived.client, arrived.parameters)
    except NotRedirectable as unknown:
        if arrived.fault is None:
            raise
        raise NotRedirectable(arrived.fault, {"client_id": arrived.client.client_id}) from unknown


def check(arrived: Arrived, redirect_uri: str) -> AuthorizationRequest:
    """The request, if it came the way its client has to send it and holds in every other respect."""
    if arrived.fault is not None:
        raise arrived.fault
    check_way(arrived.client, arrived.way)
    asked = authorize.check(arrived.client, redirect_uri, arrived.parameters)
    return replace(asked, pushed=arrived.pushed or pushed_requests.keep_long(arrived.client, arrived.parameters))


def check_way(client: Client, way: Way) -> None:
    """What is by reference was looked at when it was pushed.

    RFC 9126 5: requests that are not pushed are refused; RFC 9101 10.5: so are unsigned ones.
    """
    if way is not Way.REFERENCE and profiles.requires_pushed_requests(client):
        raise errors.InvalidRequest("This application has to push its authorization requests.")
    if way is Way.PARAMETERS and profiles.requires_signed_requests(client):
        raise errors.InvalidRequest("This application has to sign its authorization requests.")


def push(request: HttpRequest, client: Client, received: dict[str, str]) -> PushedRequest:
    """RFC 9126 2.1: checked as at the authorization endpoint, then kept. Faults are all the client's to hear."""
    if "request_uri" in received:
        raise errors.InvalidRequest("request_uri cannot be pushed.")
    is_signed = "request" in received
    parameters = request_objects.parameters_of(client, received) if is_signed else own_parameters(client, received)
    if not is_signed and profiles.requires_signed_requests(client):
        raise errors.InvalidRequest("This application has to sign its authorization requests.")
    try:
        redirect_uri = authorize.redirect_uri_of(client, parameters)
    except NotRedirectable as fault:
        raise fault.error from fault
    authorize.check(client, redirect_uri, parameters)
    return pushed_requests.push(client, dpop.bind(request, parameters, profiles.of(client).dpop_algorithms))


def own_parameters(client: Client, received: dict[str, str]) -> dict[str, str]:
    """Those of the authorization request: the client's proof of who it is is not kept."""
    kept = {name: value for name, value in received.items() if name not in AUTHENTICATION}
    return kept | {"client_id": client.client_id}


# RFC 6749 2.3.1 and RFC 7521 4.2.
AUTHENTICATION = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
