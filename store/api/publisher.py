"""The REST API for providers, in the words of the original's Publisher v0.14. The same form and deeds as the pages."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

from store import access, life_cycle, paging, publishing
from store.api.authentication import CLASSES, caller, for_providers
from store.api.errors import Refused
from store.definitions import listed, members_of
from store.forms.publishing import ApiForm, typed
from store.models import Api

VIEW, CREATE, PUBLISH = "apim:api_view", "apim:api_create", "apim:api_publish"
MOST = 100
# Members of an API in JSON that are fields of the form by another name.
NAMES = {
    "isDefaultVersion": "is_default_version",
    "apiLevelPolicy": "tier",
    "subscriptionlessPolicy": "subscriptionless_tier",
    "documentUrl": "document_url",
    "healthPath": "health_path",
    "secretHeader": "secret_header",
    "privateKey": "private_key",
}


@api_view(["GET", "HEAD", "POST"])
@authentication_classes(CLASSES)
@for_providers(get=VIEW, post=CREATE)
def apis(request: Request) -> Response:
    if request.method != "POST":
        return Response(api_list(request))
    form = checked(ApiForm(data_of(request, {}), request.FILES or None))
    if form.read is None:
        raise Refused("Give the document.")
    api = publishing.add(provider=caller(request), document=form.read, description=form.described)
    address = reverse("publisher-rest:api", args=[api.pk])
    return Response(told(api), status=201, headers={"Location": address})


def api_list(request: Request) -> dict[str, Any]:
    found = access.provided_apis(caller(request)).defer(*Api.LARGE)
    if name := paging.words_of(request.GET, "query").removeprefix("name:"):
        found = found.filter(name__icontains=name)
    limit, offset = number(request, "limit", 25, MOST), number(request, "offset", 0, 10**6)
    rows = [brief(api) for api in found[offset : offset + limit]]
    return {"count": len(rows), "list": rows, "pagination": {"total": found.count(), "limit": limit, "offset": offset}}


def number(request: Request, name: str, usual: int, most: int) -> int:
    text = request.GET.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 10 else usual


@api_view(["GET", "HEAD", "PUT"])
@authentication_classes(CLASSES)
@for_providers(get=VIEW, put=CREATE)
def api(request: Request, api_id: uuid.UUID) -> Response:
    shown = access.provided_api(caller(request), api_id)
    if request.method == "PUT":
        form = checked(ApiForm(data_of(request, typed(shown)), request.FILES or None, api=shown))
        shown = publishing.change(api=shown, document=form.read, description=form.described)
    return Response(told(shown))


@api_view(["GET", "HEAD"])
@authentication_classes(CLASSES)
@for_providers(get=VIEW)
def definition(request: Request, api_id: uuid.UUID) -> Response:
    return Response(access.provided_api(caller(request), api_id).definition)


@api_view(["POST"])
@authentication_classes(CLASSES)
@for_providers(post=PUBLISH)
def change_lifecycle(request: Request) -> Response:
    try:
        api_id = uuid.UUID(request.GET.get("apiId", ""))
    except ValueError:
        raise Refused("apiId names no API.") from None
    shown = access.provided_api(caller(request), api_id)
    return Response(told(publishing.lead(api=shown, step=request.GET.get("action", ""))))


def checked(form: ApiForm) -> ApiForm:
    if form.is_valid():
        return form
    names = {ours: theirs for theirs, ours in NAMES.items()}
    problems = [
        {"code": names.get(name, name), "message": str(sentence)}
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
    raise Refused(problems[0]["message"], problems)


def data_of(request: Request, before: dict[str, Any]) -> dict[str, Any]:
    """The form as it would have been typed; what is not said stays what it was."""
    if not isinstance(request.data, dict):
        raise Refused("Send an API as a JSON object.")
    said = {NAMES.get(name, name): value for name, value in request.data.items()}
    if "apiDefinition" in said:
        document = said.pop("apiDefinition")
        said["document"] = document if isinstance(document, str) else json.dumps(document, indent=1)
    if "endpointConfig" in said:
        said |= endpoints_of(said.pop("endpointConfig"))
    if "corsConfiguration" in said:
        said |= cors_of(members_of(said.pop("corsConfiguration")))
    if isinstance(said.get("tags"), list):
        said["tags"] = ", ".join(map(str, said["tags"]))
    return {**before, **{name: value for name, value in said.items() if isinstance(value, str | int | bool)}}


def endpoints_of(config: Any) -> dict[str, str]:
    """The original's: JSON within JSON, of one address or of several."""
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            raise Refused("endpointConfig is no JSON.") from None
    return {name: addresses(members_of(config).get(name)) for name in ("production_endpoints", "sandbox_endpoints")}


def addresses(endpoint: Any) -> str:
    several = endpoint if isinstance(endpoint, list) else [endpoint]
    return "\n".join(str(url) for one in several if (url := members_of(one).get("url")))


def cors_of(config: dict[str, Any]) -> dict[str, Any]:
    origins = listed(config.get("accessControlAllowOrigins")) if config.get("corsConfigurationEnabled") else []
    credentials = config.get("accessControlAllowCredentials") is True
    return {"cors_origins": "\n".join(map(str, origins)), "cors_credentials": credentials}


def brief(api: Api) -> dict[str, Any]:
    return {
        "id": str(api.pk),
        "name": api.name,
        "description": api.description,
        "context": api.context,
        "version": api.version,
        "provider": api.provider.get_username(),
        "status": api.status,
    }


def told(api: Api) -> dict[str, Any]:
    """No secret is in it."""
    endpoints = {
        name: [{"url": url} for url in getattr(api, name)] for name in ("production_endpoints", "sandbox_endpoints")
    }
    return {
        **brief(api),
        "isDefaultVersion": api.is_default_version,
        "apiLevelPolicy": api.tier or "Unlimited",
        "subscriptionlessPolicy": api.subscriptionless_tier,
        "tags": api.tags,
        "endpointConfig": json.dumps(endpoints),
        "corsConfiguration": {
            "corsConfigurationEnabled": bool(api.cors),
            "accessControlAllowOrigins": api.cors.get("origins", []),
            "accessControlAllowCredentials": api.cors.get("credentials", False),
        },
        "secretHeader": api.backend.get("secret_header", ""),
        "healthPath": api.backend.get("health_path", ""),
        "resources": api.resources,
        "gatewayUrl": settings.GATEWAY_URL + api.path,
        "steps": [step for step, _ in life_cycle.steps(api)],
    }
