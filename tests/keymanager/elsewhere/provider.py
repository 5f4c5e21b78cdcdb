"""The other server, as far as its client can tell: metadata, keys, tokens and userinfo over TLS. Tests make it lie."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from keymanager import codes
from tests.gateway import certificates

CLIENT_ID, SECRET = "key manager:1", "s%cret &+"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Provider:
    """`people` are the claims that a code stands for; `changes` replace claims (None takes one away)."""

    def __init__(self, folder: Path) -> None:
        certificates.write(folder)
        self.ca_file = folder / "ca.pem"
        self.keys = {"first": ec.generate_private_key(ec.SECP256R1())}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (Door,), {"provider": self}))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "localhost.pem", folder / "localhost-key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.behave()

    def behave(self) -> None:
        """Forget every lie that a test made it tell."""
        self.codes: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.metadata = metadata(self.issuer)
        self.answer: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"preferred_username": "bob", "given_name": "Bob", "family_name": "Baker"}
        self.status = 200
        self.asked: list[str] = []
        self.kid = "first"
        self.header: dict[str, Any] = {}
        self.key: Any = None
        self.algorithm = "ES256"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def code(self, asked: dict[str, str], **changes: Any) -> str:
        """A code for bob, who signed in a moment ago, by the authorization request `asked`."""
        code = uuid.uuid4().hex
        now = int(time.time())
        claims = {"sub": "bob-there", "sid": "there", "nonce": asked["nonce"], "auth_time": now, "azp": CLIENT_ID}
        self.codes[code] = claims | changes, asked
        return code

    def signed(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        whole = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300} | claims
        left = {name: value for name, value in whole.items() if value is not None}
        key = self.key or self.keys[self.kid]
        return jwt.encode(left, key, algorithm=self.algorithm, headers={"kid": self.kid, **self.header})

    def logout_token(self, **changes: Any) -> str:
        claims = {"sub": "bob-there", "sid": "there", "jti": uuid.uuid4().hex, "events": {EVENT: {}}}
        return self.signed(claims | changes)

    def token_answer(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(name), unquote_plus(secret)) != (CLIENT_ID, SECRET):
            return 401, {"error": "invalid_client"}
        claims, asked = self.codes.pop(form["code"], ({}, {}))
        if not asked or codes.challenge(form["code_verifier"]) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        told = {"access_token": "access", "token_type": "Bearer", "id_token": self.signed(claims)}
        return self.status, told | self.answer

    def document(self, path: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            return 200, self.metadata
        if path == "/keys":
            rows = [
                jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}
                for kid, key in self.keys.items()
            ]
            return 200, {"keys": rows}
        return 200, {"sub": "bob-there"} | self.userinfo


class Door(http.server.BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        self.provider.asked.append(self.path)
        self.reply(*self.provider.document(self.path))

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.reply(*self.provider.token_answer(form, self.headers.get("Authorization", "")))

    def reply(self, status: int, value: Any) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


def metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/keys",
        "id_token_signing_alg_values_supported": ["ES256", "none", "HS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
    }
