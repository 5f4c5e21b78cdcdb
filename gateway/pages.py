from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gateway import discovery, nodes
from gateway.nodes import Node
from store import access
from store.access import SignedInRequest


@require_safe
@access.staff
def gateways(request: SignedInRequest) -> HttpResponse:
    return render(request, "gateway/gateways.html", {"nodes": nodes.all_nodes(), "left_out": discovery.left_out()})


@require_safe
@access.staff
def gateways_json(request: SignedInRequest) -> HttpResponse:
    told = [told_node(node) for node in nodes.all_nodes()]
    left_out = [{"api": path, "reason": reason} for path, reason in discovery.left_out()]
    return JsonResponse({"gateways": told, "leftOut": left_out}, headers={"Cache-Control": "no-store"})


def told_node(node: Node) -> dict[str, object]:
    position = node.position
    return {
        "node": node.name,
        "seenAt": node.seen_at,
        "away": node.is_away,
        "lagSeconds": round(node.lag, 1),
        "problems": node.problems,
        "version": node.version,
        "states": [{"kind": state.kind, "version": state.version, "offered": state.offered} for state in node.states],
        "countedSecondsAgo": node.counted_seconds_ago,
        "callsCounted": position.calls if position else 0,
        "bytesWaiting": position.behind if position else 0,
        "linesUnreadable": position.unreadable if position else 0,
    }
