"""The agent's door: a socket file for its owner only, or a port on loopback. HTTP/1.1, for Envoys and nobody else."""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import json
import logging
import os
import re
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from gateway.agent import diagnosis, kept
from gateway.agent.configuration import Configuration, NotUsableError
from gateway.agent.held import Held
from gateway.agent.portal import Answer, Portal
from gateway.agent.subscription import Subscription

log = logging.getLogger(__name__)

DISCOVERY = re.compile(r"/v3/discovery:[a-z_]{1,40}")
LONGEST_QUESTION = 1024 * 1024
# Envoys of one machine, and kinds of resources of one of them; each has files of its own, and a question that is held.
MOST_NODES, MOST_KINDS = 32, 32
MOST_CONNECTIONS = 512
# So long a question is held that there is nothing new for. With the portal's time, for all that is held and for one of
# it, it is less than Envoy waits (gateway/agents.py).
HELD_SECONDS = 8.0
IDLE_SECONDS = 60


class Agent:
    """What is known of every Envoy that asks."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.portal = Portal(configuration)
        self.held = Held(self.portal, configuration.key)
        self.nodes: dict[str, dict[str, Subscription]] = {}
        self.lock = threading.Lock()

    def discover(self, path: str, question: dict[str, Any], *, held: float = 0.0) -> Answer:
        """`held`: seconds that it may wait for news."""
        node = question.get("node")
        names = question.get("resource_names") or []
        if not isinstance(node, dict) or not isinstance(names, list) or not self.is_known(node):
            return problem(403, "This agent does not know the key. Write the bootstrap file anew.")
        # All that this Envoy could do, 77 kB of what it sends each time.
        node.pop("extensions", None)
        subscription = self.subscription(str(node.get("id")), " ".join([path.rpartition(":")[2], *map(str, names)]))
        if not subscription:
            return problem(429, "There are too many gateways.")
        return subscription.news(path, question, held)

    def is_known(self, node: dict[str, Any]) -> bool:
        metadata = node.get("metadata")
        shown = str(metadata.get("key")) if isinstance(metadata, dict) else ""
        return hmac.compare_digest(shown.encode(errors="replace"), self.configuration.key.encode())

    def subscription(self, node: str, name: str) -> Subscription | None:
        with self.lock:
            kinds = self.nodes.setdefault(node, {}) if len(self.nodes) < MOST_NODES else self.nodes.get(node, {})
            if name not in kinds and len(self.nodes) <= MOST_NODES and len(kinds) < MOST_KINDS:
                folder = self.configuration.state / re.sub(r"[^A-Za-z0-9_-]", "_", node)[:100]
                kinds[name] = Subscription(folder, name[:150], self.held, self.diagnose)
            return kinds.get(name)

    def diagnose(self, type_url: str, content: bytes) -> str:
        return diagnosis.why_refused(self.configuration.envoy, self.configuration.state, type_url, content)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    agent: Agent

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_QUESTION:
            self.close_connection = True
            self.tell(problem(400, "Send a DiscoveryRequest of at most 1 MiB."))
            return
        try:
            question = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            question = None
        if isinstance(question, dict) and DISCOVERY.fullmatch(self.path):
            self.tell(self.agent.discover(self.path, question, held=HELD_SECONDS))
        else:
            self.tell(problem(400, "Send a DiscoveryRequest as JSON."))

    def tell(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status != 304:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *args: Any) -> None:
        """Silent: Envoys ask all the time."""

    def address_string(self) -> str:
        return "envoy"


class Door(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    room = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # an Envoy that has hung up
            log.exception("A question could not be answered.")


class SocketFile(Door):
    address_family = socket.AF_UNIX

    def __init__(self, path: str, handler: type[Handler]) -> None:
        super().__init__(path, handler)  # type: ignore[arg-type]  # an address of this family is a path


def problem(status: int, sentence: str) -> Answer:
    return Answer(status, json.dumps({"error": sentence}).encode())


def serve(configuration: Configuration) -> None:
    """Does not return. NotUsableError: another agent is here, or the door cannot be opened."""
    state = configuration.state
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (state / "lock").open("w") as lock:
            alone(lock, state)
            kept.tidy(state)
            handler = type("AgentHandler", (Handler,), {"agent": Agent(configuration)})
            with opened(configuration, handler) as door:
                log.info("The agent answers for %s.", ", ".join(configuration.portals))
                door.serve_forever(poll_interval=3600)
    except OSError as error:
        raise NotUsableError(f"The agent cannot start: {error}") from error


def alone(lock: Any, state: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NotUsableError(f"Another agent keeps its state in {state}.") from None


def opened(configuration: Configuration, handler: type[Handler]) -> Door:
    if configuration.port:
        return Door(("127.0.0.1", configuration.port), handler)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(configuration.socket)
    before = os.umask(0o177)
    try:
        return SocketFile(configuration.socket, handler)
    finally:
        os.umask(before)
