"""A client that nobody has registered, as one of the Model Context Protocol: it knows the address of an API, no more.
The person who approves has a browser, which is here too."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

CALLBACK = "http://127.0.0.1:33418/callback"
DESCRIPTION: dict[str, Any] = {
    "client_name": "Assistant",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
MOST_HOPS = 10


def session(authority: Path) -> requests.Session:
    """With a memory for cookies; no proxy of this machine is asked."""
    opened = requests.Session()
    opened.trust_env = False
    opened.verify = str(authority)
    return opened


@dataclass
class Person:
    """Who signs in with their name for a password and approves whatever is asked. `read`: the pages they were shown."""

    name: str
    browser: requests.Session
    read: list[str] = field(default_factory=list)

    def follow(self, address: str) -> str:
        """Where the browser is sent in the end, outside of the portal."""
        reply = self.browser.get(address, allow_redirects=False, timeout=10)
        for _ in range(MOST_HOPS):
            location = reply.headers.get("Location")
            if location is None:
                reply = self.fill_in(reply)
            elif location.startswith(CALLBACK):
                return location
            else:
                reply = self.browser.get(urljoin(reply.url, location), allow_redirects=False, timeout=10)
        raise AssertionError(f"no way out of {reply.url}")

    def fill_in(self, page: requests.Response) -> requests.Response:
        self.read.append(page.text)
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
        typed = {"login": self.name, "password": self.name, "decision": "approve", "csrfmiddlewaretoken": token}
        headers = {"Referer": page.url}
        return self.browser.post(page.url, typed, headers=headers, allow_redirects=False, timeout=10)


@dataclass
class Newcomer:
    """`address`: what it calls. Each step is found by what the step before was told."""

    address: str
    http: requests.Session
    person: Person
    client_id: str = ""
    secret: str = ""

    @cached_property
    def resource(self) -> dict[str, Any]:
        """RFC 9728 5.1: the challenge names the document."""
        refused = self.http.get(self.address, timeout=10)
        assert refused.status_code == 401
        place = re.findall(r'resource_metadata="([^"]+)"', refused.headers["WWW-Authenticate"])[0]
        return self.json(self.http.get(place, timeout=10))

    @cached_property
    def server(self) -> dict[str, Any]:
        """RFC 8414 3."""
        issuer = self.resource["authorization_servers"][0]
        return self.json(self.http.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10))

    def json(self, reply: requests.Response) -> dict[str, Any]:
        assert reply.ok, reply.text
        return dict(reply.json())

    def register(self, **changes: Any) -> None:
        """RFC 7591 3.1."""
        asked = {**DESCRIPTION, "scope": " ".join(self.resource["scopes_supported"]), **changes}
        told = self.json(self.http.post(self.server["registration_endpoint"], json=asked, timeout=10))
        self.client_id, self.secret = told["client_id"], told.get("client_secret", "")

    def authorize(self, **changes: str) -> dict[str, Any]:
        """The answer with the tokens (RFC 7636, RFC 8707 2); `changes` of an empty value leave a parameter out."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": " ".join(self.resource["scopes_supported"]),
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": self.resource["resource"],
        } | changes
        told = {name: value for name, value in asked.items() if value}
        came = self.person.follow(f"{self.server['authorization_endpoint']}?{urlencode(told)}")
        answer = {name: values[0] for name, values in parse_qs(urlsplit(came).query).items()}
        assert (answer["state"], answer["iss"]) == (asked["state"], self.server["issuer"])
        sent = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": verifier}
        return self.token({**sent, "redirect_uri": CALLBACK, "resource": asked["resource"]})

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        shown = {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret else {})
        told = {name: value for name, value in (form | shown).items() if value}
        return self.json(self.http.post(self.server["token_endpoint"], told, timeout=10))

    def call(self, token: str, address: str = "") -> requests.Response:
        return self.http.get(address or self.address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
