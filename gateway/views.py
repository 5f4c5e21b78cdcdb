from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gateway import kinds, node_key, nodes
from gateway.kinds import Make, State
from gateway.news import last_told, places


@csrf_exempt
@require_POST
def routes(request: HttpRequest) -> HttpResponse:
    return discover(request, kinds.WHOLE[kinds.ROUTES])


@csrf_exempt
@require_POST
def clusters(request: HttpRequest) -> HttpResponse:
    return discover(request, kinds.WHOLE[kinds.CLUSTERS])


@csrf_exempt
@require_POST
def extension_configs(request: HttpRequest) -> HttpResponse:
    """One filter a question, by its name."""
    make = kinds.of(kinds.FILTER, read(request).get("resource_names"))
    return discover(request, make) if make else problem(404, "There is no such filter.")


@csrf_exempt
@require_POST
def news(request: HttpRequest) -> HttpResponse:
    """Of all that an agent holds (gateway/agent/held.py): for which is there something new? By their places."""
    question = read(request)
    questions = question.get("questions")
    if refused := refusal(question):
        return refused
    if not isinstance(questions, list):
        return problem(400, "Send a list of questions.")
    return told(json.dumps({"new": places(questions)}))


def discover(request: HttpRequest, make: Make) -> HttpResponse:
    """Answers a DiscoveryRequest of an Envoy: the resources, or 304 when it has this very version already."""
    question = read(request)
    if refused := refusal(question):
        return refused
    version, content = make(State())
    nodes.asked([nodes.said(question, request.path.rpartition(":")[2], version)])
    return HttpResponse(status=304) if last_told(question) == version else told(content)


def read(request: HttpRequest) -> dict[str, Any]:
    """The question; an empty one for what is none."""
    try:
        question = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return question if isinstance(question, dict) else {}


def refusal(question: dict[str, Any]) -> HttpResponse | None:
    """Of whoever does not show the gateway's key."""
    try:
        shown = question["node"]["metadata"]["key"]
    except (KeyError, TypeError):
        return problem(400, "Send a DiscoveryRequest as JSON, with the gateway's key in node.metadata.key.")
    if not node_key.matches(shown):
        return problem(403, "This gateway does not know the key. Write its bootstrap file anew.")
    return None


def told(content: str | bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/json", headers={"Cache-Control": "no-store"})


def problem(status: int, sentence: str) -> JsonResponse:
    content: dict[str, Any] = {"error": sentence}
    return JsonResponse(content, status=status)
