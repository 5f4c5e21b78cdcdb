"""The client registration endpoint (RFC 7591 3) and the client configuration endpoint (RFC 7592 2)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from keymanager import clients, cors, errors, json_parameters, registration, wso2_registration
from keymanager.models import Client
from keymanager.views.answers import NO_STORE, as_json, bearer_token, refused_bearer
from keymanager.views.programs import for_programs


@for_programs
@cors.for_all  # An application in a browser may have to register; no cookie plays a part.
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """RFC 7591 3.1."""
    try:
        body = body_of(request)
        # First of all: for nobody who may not register is anything fetched.
        registration.check_admission(bearer_token(request))
        registration.check_sector(body)
        answer = registration.register(body, token=bearer_token(request))
    except errors.OAuthError as error:
        return refused_bearer(request, error)
    return as_json(answer, status=201)


@for_programs
@cors.for_all
@require_http_methods(["GET", "HEAD", "PUT", "DELETE"])
def registered(request: HttpRequest, client_id: str) -> HttpResponse:
    """RFC 7592 2."""
    try:
        client = registration.find(client_id, token=bearer_token(request))
        return DEEDS[request.method or "GET"](request, client)
    except errors.OAuthError as error:
        return refused_bearer(request, error)


def read(request: HttpRequest, client: Client) -> HttpResponse:
    return described(request, registration.answer(client))


def update(request: HttpRequest, client: Client) -> HttpResponse:
    body = body_of(request)
    registration.check_sector(body)
    return described(request, registration.update(client, body))


def described(request: HttpRequest, answer: dict[str, Any]) -> HttpResponse:
    """RFC 7592 3: registration_access_token is "REQUIRED"; only whoever shows it has it, here is its checksum."""
    return as_json(answer | {"registration_access_token": bearer_token(request)})


def delete(request: HttpRequest, client: Client) -> HttpResponse:
    clients.remove(client.client_id)
    return HttpResponse(status=204, headers=NO_STORE)


DEEDS = {"GET": read, "HEAD": read, "PUT": update, "DELETE": delete}


@for_programs
@require_POST
def wso2_register(request: HttpRequest) -> HttpResponse:
    """The original's registration for its own REST APIs (wso2-2.6.md section 6)."""
    try:
        answer = wso2_registration.register(request, body_of(request))
    except errors.InvalidClient as error:
        headers = NO_STORE | {"WWW-Authenticate": 'Basic realm="WSO2"'}
        return as_json(error.as_dict(), status=401, headers=headers)
    except errors.OAuthError as error:
        return as_json(error.as_dict(), status=error.status)
    return as_json(answer)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """RFC 7591 3.1: a JSON object."""
    if request.content_type != "application/json":
        raise errors.InvalidClientMetadata("The body has to be application/json.")
    try:
        value = json_parameters.parsed(request.body.decode())
    except ValueError as fault:
        raise errors.InvalidClientMetadata("The body has to be a JSON object.", detail=str(fault)) from None
    if not isinstance(value, dict):
        raise errors.InvalidClientMetadata("The body has to be a JSON object.")
    return value
