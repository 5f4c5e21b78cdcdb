"""Why an Envoy does not take a state, in its own words.

Over REST an Envoy tells nobody that it has refused something: it asks again with the version it had (error_detail is
for gRPC only, and its administration only counts). So another one is asked to try, without serving anything.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.agent.kept import SCRATCH

log = logging.getLogger(__name__)

TYPES = "type.googleapis.com/envoy.extensions.filters"
MANAGER = f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"}}
# Of every Envoy of ours (gateway/bootstrap.py), or one that is asked would refuse what the others take. Without it
# Envoy refuses all routes for one regular expression of some ninety letters: a long path with a parameter.
RUNTIME = {"re2.max_program_size.error_level": 10_000}
PATIENCE = 5.0  # seconds
LONGEST = 400
LONGEST_PRINTED = 100

Resource = dict[str, Any]


def why_refused(program: str, folder: Path, type_url: str, content: bytes) -> str:
    """Empty: that Envoy finds nothing wrong with it, or cannot be asked. `folder`: where it is written for that."""
    alone = BY_TYPE.get(type_url.rpartition("/")[2])
    if not program or alone is None:
        return ""
    try:
        return tried(program, folder, alone([without_type(one) for one in json.loads(content)["resources"]]))
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("Envoy could not be asked what is wrong: %s", error)
        return ""


def tried(program: str, folder: Path, static: Resource) -> str:
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=SCRATCH, suffix=".json") as file:
        layers = [{"name": "static", "static_layer": RUNTIME}]
        json.dump({"static_resources": static, "layered_runtime": {"layers": layers}}, file)
        file.flush()
        command = [program, "--mode", "validate", "-c", file.name, "--log-level", "error", "--disable-hot-restart"]
        done = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    if done.returncode == 0:
        return ""
    output = done.stderr.decode(errors="replace").replace(file.name, "it")
    return sentence(output) or f"Envoy ended with {done.returncode}."


def sentence(output: str) -> str:
    """What it said, without the resource itself, which it repeats before or after: there may be secrets in it."""
    _, _, told = output.partition("error initializing configuration 'it': ")
    _, constraint, broken = told.rpartition("Proto constraint validation failed ")
    if constraint:
        return constraint + " | ".join(broken.strip().split(" | ")[-2:])[-LONGEST:]
    words, *printed = re.split(r"goo\.gle/debug\w+", told.partition("): {")[0])
    short = [text for text in printed if len(text) < LONGEST_PRINTED]
    return shortened(" ".join(" ".join([words, *short]).split()))


def shortened(text: str) -> str:
    """What is wrong may stand behind a long name, or before it."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} … {text[-half:]}"


def without_type(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "@type"}


def clusters(resources: list[Resource]) -> Resource:
    return {"clusters": resources}


def routes(resources: list[Resource]) -> Resource:
    """Without a look at the clusters, which an Envoy gets apart."""
    return {"listeners": [listener({"route_config": {**one, "validate_clusters": False}}) for one in resources]}


def filters(resources: list[Resource]) -> Resource:
    return {"listeners": [listener({"route_config": {}}, resources)]}


def listener(with_routes: Resource, before: list[Resource] | None = None) -> Resource:
    config = {"@type": MANAGER, "stat_prefix": "tried", **with_routes, "http_filters": [*(before or []), ROUTER]}
    return {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "tried", "typed_config": config}]}],
    }


BY_TYPE: dict[str, Callable[[list[Resource]], Resource]] = {
    "envoy.config.cluster.v3.Cluster": clusters,
    "envoy.config.route.v3.RouteConfiguration": routes,
    "envoy.config.core.v3.TypedExtensionConfig": filters,
}
