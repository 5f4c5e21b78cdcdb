from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gateway import blocking, discovery, filters, node_key, nodes, revocations, verifying
from gateway.answers import Answer


@csrf_exempt
@require_POST
def routes(request: HttpRequest) -> HttpResponse:
    return discover(request, discovery.route_answer)


@csrf_exempt
@require_POST
def clusters(request: HttpRequest) -> HttpResponse:
    return discover(request, discovery.cluster_answer)


EXTENSIONS: dict[str, Callable[[], Answer]] = {
    filters.JWT: verifying.answer,
    filters.REVOKED_EARLIER: revocations.earlier_answer,
    filters.REVOKED_LATELY: revocations.lately_answer,
    filters.BLOCKED_PLACES: blocking.places_answer,
    filters.BLOCKED_CALLERS: blocking.callers_answer,
    **{name: partial(discovery.limit_answer, name) for name in filters.LIMITS},
    filters.API: discovery.subscription_answer,
    filters.PERMIT: discovery.permit_answer,
}


@csrf_exempt
@require_POST
def extension_configs(request: HttpRequest) -> HttpResponse:
    """One filter a question, by its name."""
    names = read(request).get("resource_names")
    name = names[0] if isinstance(names, list) and len(names) == 1 else None
    if not isinstance(name, str) or name not in EXTENSIONS:
        return problem(404, "There is no such filter.")
    return discover(request, EXTENSIONS[name])


def read(request: HttpRequest) -> dict[str, Any]:
    """The question; an empty one for what is none."""
    try:
        question = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return question if isinstance(question, dict) else {}


def discover(request: HttpRequest, answer: Callable[[], Answer]) -> HttpResponse:
    """Answers a DiscoveryRequest of an Envoy: the resources, or 304 when it has this very version already."""
    try:
        question = json.loads(request.body)
        shown = question["node"]["metadata"]["key"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return problem(400, "Send a DiscoveryRequest as JSON, with the gateway's key in node.metadata.key.")
    if not node_key.matches(shown):
        return problem(403, "This gateway does not know the key. Write its bootstrap file anew.")
    version, content = answer()
    nodes.asked(question, request.path.rpartition(":")[2], version)
    # An agent (gateway/agent/) says in response_nonce what it was told last, an Envoy has what it was told.
    if (question.get("response_nonce") or question.get("version_info")) == version:
        return HttpResponse(status=304)
    return HttpResponse(content, content_type="application/json", headers={"Cache-Control": "no-store"})


def problem(status: int, sentence: str) -> JsonResponse:
    content: dict[str, Any] = {"error": sentence}
    return JsonResponse(content, status=status)
