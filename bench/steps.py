"""What is compared: each step as an application would do it, every answer checked."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypedDict
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.connection import Answer, Connection, basic

TOKENS = 100  # that all workers ask about in turn


class StepFailed(Exception):
    """An answer was not what it had to be; a run with one does not count."""


class ClientSeed(TypedDict):
    id: str
    secret: str


class Seed(TypedDict):
    """What a peer's seed printed: where its endpoints are, its clients, and the cookie of somebody signed in."""

    token: str
    authorize: str
    introspect: str
    userinfo: str
    check: str
    proof: str
    machine: ClientSeed
    machine_jwt: ClientSeed
    web: ClientSeed
    cookie: str
    redirect_uri: str
    machine_scope: str
    web_scope: str


@dataclass
class Worker:
    """One client on one connection; each of its steps begins when the one before is answered."""

    connection: Connection
    seed: Seed
    refresh_token: str = ""
    tokens: tuple[str, ...] = ()
    turn: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    """Kept as a browser does."""

    def client_credentials(self, name: str = "machine") -> dict[str, Any]:
        client = self.seed["machine_jwt"] if name == "machine_jwt" else self.seed["machine"]
        return self.token(client, grant_type="client_credentials", scope=self.seed["machine_scope"])

    def client_credentials_jwt(self) -> None:
        self.client_credentials("machine_jwt")

    def code_flow(self) -> dict[str, Any]:
        """Authorize with consent remembered, then the exchange; PKCE, and an ID token at the end."""
        verifier = secrets.token_urlsafe(32)
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.seed["web"]["id"],
            "redirect_uri": self.seed["redirect_uri"],
            "scope": self.seed["web_scope"],
            "state": secrets.token_urlsafe(8),
            "code_challenge": digest,
            "code_challenge_method": "S256",
        }
        cookies = "; ".join([self.seed["cookie"], *(f"{name}={value}" for name, value in self.cookies.items())])
        answer = self.connection.get(f"{self.seed['authorize']}?{urlencode(asked)}", Cookie=cookies)
        self.cookies |= answer.cookies
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code", [""])[0]
        expect(answer, answer.status == 302 and code != "")
        exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.seed["redirect_uri"]}
        tokens = self.token(self.seed["web"], **exchange, code_verifier=verifier)
        if "id_token" not in tokens:
            raise StepFailed(f"no ID token among {sorted(tokens)}")
        return tokens

    def refresh(self) -> None:
        held = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        rotated: str = self.token(self.seed["web"], **held)["refresh_token"]
        if rotated == self.refresh_token:
            raise StepFailed("the refresh token was not rotated")
        self.refresh_token = rotated

    def introspection(self) -> None:
        client = self.seed["machine"]
        credentials = basic(client["id"], client["secret"])
        answer = self.connection.post(self.seed["introspect"], {"token": self.next_token()}, Authorization=credentials)
        expect(answer, answer.status == 200 and json.loads(answer.body)["active"] is True)

    def userinfo(self) -> None:
        answer = self.connection.get(self.seed["userinfo"], Authorization=f"Bearer {self.next_token()}")
        expect(answer, answer.status == 200 and "sub" in json.loads(answer.body))

    def check(self) -> None:
        """A gateway's question about a call. The toolkit's view looks at the token and at nothing else."""
        told = {
            "X-Gateway-Proof": self.seed["proof"],
            "X-Original-URI": "/photos/1.0/albums",
            "X-Original-Method": "GET",
        }
        answer = self.connection.get(self.seed["check"], Authorization=f"Bearer {self.next_token()}", **told)
        expect(answer, answer.status == 204)

    def token(self, client: ClientSeed, **parameters: str) -> dict[str, Any]:
        credentials = basic(client["id"], client["secret"])
        answer = self.connection.post(self.seed["token"], parameters, Authorization=credentials)
        expect(answer, answer.status == 200)
        tokens: dict[str, Any] = json.loads(answer.body)
        return tokens

    def next_token(self) -> str:
        self.turn += 1
        return self.tokens[self.turn % len(self.tokens)]


def prepare_refresh(workers: list[Worker]) -> None:
    for worker in workers:
        worker.refresh_token = worker.code_flow()["refresh_token"]


def prepare_introspection(workers: list[Worker]) -> None:
    share(workers, [workers[0].client_credentials()["access_token"] for _ in range(TOKENS)])


def prepare_check_jwt(workers: list[Worker]) -> None:
    share(workers, [workers[0].client_credentials("machine_jwt")["access_token"] for _ in range(TOKENS)])


def prepare_userinfo(workers: list[Worker]) -> None:
    share(workers, [workers[0].code_flow()["access_token"] for _ in range(TOKENS)])


def share(workers: list[Worker], tokens: list[str]) -> None:
    for number, worker in enumerate(workers):
        worker.tokens, worker.turn = tuple(tokens), number * TOKENS // len(workers)


def expect(answer: Answer, is_right: bool) -> None:
    if not is_right:
        raise StepFailed(f"{answer.status} {answer.headers.get('location', '')} {answer.body[:300]!r}")


def nothing(workers: list[Worker]) -> None:
    """Most steps need nothing beforehand."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of the table; `goals` are the ratios issue 4 asks for, by kind of database."""

    title: str
    run: Callable[[Worker], object]
    goals: dict[str, float]
    prepare: Callable[[list[Worker]], None] = nothing


STEPS = {
    "cc": Step(
        title="client credentials, opaque", run=Worker.client_credentials, goals={"sqlite": 4, "postgresql": 2.5}
    ),
    "cc-jwt": Step(
        title="client credentials, JWT ES256", run=Worker.client_credentials_jwt, goals={"sqlite": 4, "postgresql": 2.5}
    ),
    "refresh": Step(
        title="refresh with rotation",
        run=Worker.refresh,
        prepare=prepare_refresh,
        goals={"sqlite": 5, "postgresql": 4},
    ),
    "code": Step(title="code flow", run=Worker.code_flow, goals={"sqlite": 4, "postgresql": 4}),
    "introspect": Step(
        title="introspection",
        run=Worker.introspection,
        prepare=prepare_introspection,
        goals={"sqlite": 5, "postgresql": 4},
    ),
    "userinfo": Step(
        title="userinfo", run=Worker.userinfo, prepare=prepare_userinfo, goals={"sqlite": 4, "postgresql": 3}
    ),
    "check": Step(
        title="check endpoint, opaque, against protected_resource",
        run=Worker.check,
        prepare=prepare_introspection,
        goals={"sqlite": 4, "postgresql": 4},
    ),
    "check-jwt": Step(
        title="check endpoint, JWT, against protected_resource",
        run=Worker.check,
        prepare=prepare_check_jwt,
        goals={"sqlite": 4, "postgresql": 4},
    ),
}
