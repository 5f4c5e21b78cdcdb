"""Exchanges with the key manager, as HTTP messages for docs/grants.

What differs each time (secrets, codes, tokens, dates) is shown as one text that stays; docs/README.md says what else is
made for reading.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import jwt
from django.conf import settings
from django.test import Client as Browser

FOLDER = Path(__file__).resolve().parents[2] / "docs/grants"
HOST = urlsplit(settings.ISSUER).netloc
FORM = "application/x-www-form-urlencoded"
# The headers that belong to the protocol, in the order they are shown.
TELLING = (
    *("Content-Type", "Location", "Cache-Control", "WWW-Authenticate", "DPoP-Nonce"),
    *("RevokedAccessToken", "RevokedRefreshToken", "AuthorizedUser"),
)
# What is shown instead of the value of a member or parameter of that name, wherever the value turns up: instead of the
# first one, of the second, and so on.
SHOWN = {
    "access_token": ("eyJ0eXAiOiJhdCtqd3Qi…", "eyJraWQiOiJhdCtqd3Qi…", "eyJhbGciOiJhdCtqd3Qi…"),
    "refresh_token": ("tGzv3JOkF0XG5Qx2TlKW…", "8xLOxBtZp8Vq4Cs7HnMd…", "Qf5uWb1Yk9Rm3Zt6EjLa…"),
    "id_token": ("eyJ0eXAiOiJKV1QiLCJh…", "eyJ0eXAiOiJKV1QiLCJr…"),
    "response": ("eyJhbGciOiJFUzI1NiIs…",),
    "code": ("SplxlOBeZQQYbYS6WxSb…", "i1WsRn1uB1mK4tVc9GqP…", "Qcb0Orv1zh30vL1MPRsb…"),
    "device_code": ("GmRhmhcxhwAzkoEqiMEg…",),
    "user_code": ("WDJB-MJHT",),
    "request_uri": ("urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc…",),
    "client_secret": ("7Fjfp0ZBr1KtDRbnfVdm…",),
    "logout_token": ("eyJ0eXAiOiJsb2dvdXQr…",),
    "registration_access_token": ("reg-23410913-abewfq1…",),
    "client_id": ("Vf7gHc2kQw9pLx4sNb6tRm1yJd8z",),
    "jti": ("dbe39bf3a3ba4238…", "1c7d6b0e9f2a4853…", "5e8f3a1d7c6b4290…"),
    "sub": ("5ba552d6-…",),
    "grant_id": ("0b9e3c1f-…", "77a5f2d4-…"),
    "sid": ("08a5019c-…",),
    "DPoP-Nonce": ("3f1c8a2d…", "3f1c8a2d…"),
    "session_state": ("U8Jh4fWq1nZ0vXc3…", "k2Rt9LsB6yPm5eGd…", "Yw7aNq3xTj8uHf1o…"),
    "at_hash": ("MTIzNDU2Nzg5MDEyMzQ1…",),
    "c_hash": ("LDktKdoQak3Pk0cnXxCl…",),
}
NOW = 1764000000
MOMENTS = ("iat", "auth_time", "client_id_issued_at", "nbf")


@dataclass
class Tape:
    """Sends requests, and keeps what went over the wire: name of a block to its text."""

    browser: Browser = field(default_factory=Browser)
    blocks: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def hide(self, value: str, shown: str) -> None:
        self.hidden[value] = shown

    def get(self, name: str, path: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> Any:
        return self.send(name, "GET", path, urlencode(parameters), headers or {})

    def post(self, name: str, path: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> Any:
        content_type = {"Content-Type": FORM}
        return self.send(name, "POST", path, urlencode(parameters), (headers or {}) | content_type)

    def json(self, name: str, method: str, path: str, body: Any, *, headers: dict[str, str] | None = None) -> Any:
        content_type = {"Content-Type": "application/json"}
        return self.send(name, method, path, json.dumps(body), (headers or {}) | content_type)

    def send(self, name: str, method: str, path: str, text: str, headers: dict[str, str]) -> Any:
        """`text` is the body, or the query of a GET."""
        headers = {"Host": HOST} | headers
        address, body = (f"{path}?{text}" if text else path, "") if method == "GET" else (path, text)
        content_type = headers.get("Content-Type", FORM)
        response = self.browser.generic(method, address, body, content_type, headers=headers)
        asked = [f"{method} {in_lines(address)} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items())]
        self.keep(name, "\n".join(asked) + told(body, content_type))
        self.keep(name, answered(response, self.learn))
        return response

    def claims(self, name: str, token: str, *, header: bool = False) -> None:
        """What a JWT says, as a block of its own; with its header in front if it matters."""
        if header:
            self.keep(name, as_json(jwt.get_unverified_header(token), self.learn))
        self.keep(name, as_json(jwt.decode(token, options={"verify_signature": False}), self.learn))

    def keep(self, name: str, text: str) -> None:
        self.blocks[name] = f"{self.blocks[name]}\n\n{text}" if name in self.blocks else text

    def learn(self, name: str, value: Any) -> None:
        """What such a value is shown as, here and in every other message."""
        if name in SHOWN and isinstance(value, str) and value not in self.hidden:
            self.hidden[value] = SHOWN[name][self.counted[name]]
            self.counted[name] += 1

    def shown(self) -> dict[str, str]:
        """The blocks, without anything that differs from one time to the next."""
        forms = self.hidden | {quoted(value): quoted(shown) for value, shown in self.hidden.items()}
        longest_first = sorted(forms, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, longest_first)))
        return {name: pattern.sub(lambda found: forms[found[0]], text) for name, text in self.blocks.items()}


def quoted(text: str) -> str:
    """As it stands in an address or a form."""
    return quote_plus(text).replace(quote_plus("…"), "…")


Learn = Callable[[str, Any], None]


def in_lines(address: str) -> str:
    """A line a parameter, for reading."""
    return re.sub(r"([?#&])(?=\w+=)", r"\n  \1", address)


def told(body: str, content_type: str) -> str:
    if not body:
        return ""
    if content_type == FORM:
        return "\n\n" + body.replace("&", "\n&")
    return "\n\n" + as_json(json.loads(body), lambda _, __: None)


def as_json(value: Any, learn: Learn) -> str:
    return json.dumps(replaced(value, learn), indent=2, ensure_ascii=False)


def replaced(value: Any, learn: Learn) -> Any:
    """With moments of NOW's; a lifetime stays what it is."""
    if isinstance(value, list):
        return [replaced(item, learn) for item in value]
    if not isinstance(value, dict):
        return value
    for name, member in value.items():
        learn(name, member)
    moments = {name: NOW for name in MOMENTS if name in value}
    if "exp" in value:
        moments["exp"] = NOW + round(value["exp"] - value.get("iat", value.get("nbf", time.time())), -1)
    return {name: replaced(member, learn) for name, member in value.items()} | moments


def answered(response: Any, learn: Learn) -> str:
    status = HTTPStatus(response.status_code)
    head = [f"HTTP/1.1 {status.value} {status.phrase}"]
    for name in TELLING:
        if name in response and (response.content or name != "Content-Type"):
            head.append(f"{name}: {in_lines(response[name]) if name == 'Location' else response[name]}")
    learn("DPoP-Nonce", response.get("DPoP-Nonce"))
    for name, value in parameters_of(response.get("Location", "")):
        learn(name, value)
    return "\n".join(head) + content(response, learn)


def parameters_of(location: str) -> list[tuple[str, str]]:
    parts = urlsplit(location)
    return parse_qsl(parts.query) + parse_qsl(parts.fragment)


def content(response: Any, learn: Learn) -> str:
    """JSON in lines; a JWT or a page as it is named by its type."""
    kind = response.get("Content-Type", "").partition(";")[0]
    text = response.content.decode()
    if not text:
        return ""
    if kind == "application/json":
        return "\n\n" + as_json(json.loads(text), learn)
    return f"\n\n{text[:18]}…" if kind.endswith("+jwt") else "\n\n(a page)"


BLOCK = re.compile(r"(<!-- wire: ([\w ,'-]+) -->\n```\w+\n)(.*?)(```\n)", re.DOTALL)


def blocks_of(page: str) -> dict[str, str]:
    """The blocks of docs/grants/<page>.md, by name."""
    return {name: text.rstrip("\n") for _, name, text, _ in BLOCK.findall((FOLDER / f"{page}.md").read_text())}


def write(page: str, blocks: dict[str, str]) -> None:
    path = FOLDER / f"{page}.md"
    path.write_text(BLOCK.sub(lambda found: f"{found[1]}{blocks[found[2]]}\n{found[4]}", path.read_text()))
