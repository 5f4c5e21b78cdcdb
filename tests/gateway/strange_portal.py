"""A portal that answers an agent whatever it is told to, and what an Envoy asks the agent."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateway.agent import held
from gateway.agent.server import Agent

ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
QUESTION = {"node": {"id": "east", "metadata": {"key": "key"}, "extensions": ["x" * 1000]}, "resource_names": ["apis"]}
PATH = "/v3/discovery:routes"


def answer(version: str = "1", **changes: Any) -> bytes:
    resource = {"@type": ROUTES, "name": "apis", "virtual_hosts": [{"name": "routes", "resources": 1}]}
    told = {"version_info": version, "type_url": ROUTES, "resources": [resource]}
    return json.dumps({name: value for name, value in (told | changes).items() if value is not None}).encode()


def question(version: str = "", **changes: Any) -> dict[str, Any]:
    return {**QUESTION, "version_info": version, "type_url": ROUTES, **changes}


class Strange:
    """A portal that answers whatever it is told to, `contents` to the gateways of these names; `questions` are those it
    was asked of one kind, `rounds` those of all that was held. `news`: what it says to these, if not the truth."""

    def __init__(self) -> None:
        self.status, self.content, self.contents = 200, answer(), dict[str, bytes]()
        self.questions, self.rounds = list[dict[str, Any]](), list[dict[str, Any]]()
        self.pause, self.news = 0.0, (200, b"")
        strange = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, content = strange.answer_to(self.path, asked)
                time.sleep(strange.pause)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def answer_to(self, path: str, asked: dict[str, Any]) -> tuple[int, bytes]:
        if path != held.PATH:
            self.questions.append(asked)
            return self.status, self.content_for(asked)
        self.rounds.append(asked)
        if self.status != 200 or self.news != (200, b""):
            return self.news if self.status == 200 else (self.status, self.content)
        told = [is_of(one["response_nonce"], self.content_for(one)) for one in asked["questions"]]
        return 200, json.dumps({"new": [place for place, is_known in enumerate(told) if not is_known]}).encode()

    def content_for(self, asked: dict[str, Any]) -> bytes:
        return self.contents.get(str(asked["node"].get("id")), self.content)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def end(self) -> None:
        if self.thread.is_alive():
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()


def is_of(version: str, content: bytes) -> bool:
    return f'"version_info": "{version}"'.encode() in content


def forget_connections(agent: Agent) -> None:
    for _, connection in agent.portal.idle:
        connection.close()


def accepted(agent: Agent, version: str = "1") -> None:
    """An Envoy that asks with a version has it."""
    agent.discover(PATH, question())
    assert agent.discover(PATH, question(version)).status == 304
