"""The other side of the playground: a small authorization server and photo API over TLS, with programmable answers."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID = "photo_printer+key a"  # a plus and a blank: they must be form-urlencoded before Base64
SECRET = "s3cret:with%signs+and blanks"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
OWNERS = {"bob": "lake", "charlie": "desert"}


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, str]


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    before: Callable[[], object] | None = None


def json_reply(status: int, value: object, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


class Peer:
    """`says[path]` is what it answers there instead of the truth; `received` is what it was asked."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.says: dict[str, Reply] = {}
        self.received: list[Received] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, str] = {}
        self.refresh_tokens: dict[str, dict[str, str]] = {}
        self.gives_refresh_token = True
        self.id_claims: dict[str, Any] = {}
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.signing_key = self.key
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"peer": self}))
        self.server.daemon_threads = False
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.base = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def asked(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    def approve(self, authorize_url: str, person: str = "bob") -> dict[str, str]:
        """What a browser brings back after the person has signed in and approved."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        if query["response_type"] == "code":
            code = secrets.token_urlsafe(24)
            self.codes[code] = query | {"person": person}
            return {"code": code, "state": query["state"], "iss": self.base}
        answer = self._tokens(query | {"person": person}, with_refresh_token=False)
        return {name: str(value) for name, value in answer.items()} | {"state": query["state"]}

    def answer(self, request: Received) -> Reply:
        said = self.says.get(request.path)
        if said is not None:
            time.sleep(said.delay)
            if said.before:
                said.before()
            return said
        return self._truth(request)

    def _truth(self, request: Received) -> Reply:
        if request.path == "/oauth2/token":
            return self._token(request)
        if request.path == "/oauth2/revoke":
            self.refresh_tokens.pop(request.fields["token"], None)
            self.tokens.pop(request.fields["token"], None)
            return json_reply(200, {})
        if request.path == "/.well-known/openid-configuration":
            return json_reply(200, {"issuer": self.base, "jwks_uri": f"{self.base}/oauth2/jwks"})
        if request.path == "/oauth2/jwks":
            key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
            return json_reply(200, {"keys": [key | {"kid": "1", "alg": "ES256", "use": "sig"}]})
        return self._resource(request)

    def _token(self, request: Received) -> Reply:
        if not self._knows_client(request):
            return json_reply(401, {"error": "invalid_client", "error_description": "Unknown client or wrong secret"})
        fields = request.fields
        if fields["grant_type"] == "authorization_code":
            asked = self.codes.pop(fields["code"], None)
            if asked is None or not _fits(asked, fields):
                return json_reply(400, {"error": "invalid_grant", "error_description": "The code does not hold"})
            return json_reply(200, self._tokens(asked))
        if fields["grant_type"] == "refresh_token":
            asked = self.refresh_tokens.pop(fields["refresh_token"], None)
            if asked is None:
                return json_reply(400, {"error": "invalid_grant", "error_description": "Refresh token reused"})
            return json_reply(200, self._tokens(asked))
        if fields["grant_type"] == "password" and fields["password"] != f"{fields['username']}-password":
            return json_reply(400, {"error": "invalid_grant", "error_description": "Wrong login"})
        person = fields.get("username", CLIENT_ID)
        asked = {"scope": fields.get("scope", "default"), "person": person, "client_id": CLIENT_ID}
        return json_reply(200, self._tokens(asked, with_refresh_token=fields["grant_type"] == "password"))

    def _knows_client(self, request: Received) -> bool:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return request.fields.get("client_id") == "public"
        client_id, _, secret = base64.b64decode(value).decode().partition(":")
        return (unquote_plus(client_id), unquote_plus(secret)) == (CLIENT_ID, SECRET)

    def _tokens(self, asked: dict[str, str], with_refresh_token: bool = True) -> dict[str, object]:
        claims = {"sub": asked["person"], "scope": asked["scope"], "jti": secrets.token_hex(8), "aud": "photos"}
        token = jwt.encode(claims, self.key, "ES256", headers={"typ": "at+jwt", "kid": "1"})
        self.tokens[token] = asked["person"]
        answer: dict[str, object] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": asked["scope"],
        }
        if with_refresh_token and self.gives_refresh_token:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh_tokens[str(answer["refresh_token"])] = asked
        if "openid" in asked["scope"].split():
            answer["id_token"] = self._id_token(asked, token)
        return answer

    def _id_token(self, asked: dict[str, str], token: str) -> str:
        digest = hashlib.sha256(token.encode()).digest()[:16]
        claims = {
            "iss": self.base,
            "sub": asked["person"],
            "aud": asked["client_id"],
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked.get("nonce", ""),
            "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        claims |= self.id_claims
        return jwt.encode(claims, self.signing_key, "ES256", headers={"kid": "1"})

    def _resource(self, request: Received) -> Reply:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        person = self.tokens.get(token)
        if person is None:
            challenge = 'Bearer error="invalid_token"'
            fault = {"code": 900901, "message": "Invalid Credentials", "description": "Access failure for API: /photos"}
            return json_reply(401, {"fault": fault}, WWW_Authenticate=challenge)
        if request.path == "/oauth2/userinfo":
            return json_reply(200, {"sub": person, "name": person.title()})
        return _photo(request.path.removeprefix("/photos/1.0"), OWNERS.get(person, "none"))


def _photo(path: str, theme: str) -> Reply:
    album = {"id": f"{theme}-album", "title": theme.title(), "description": f"A day at the {theme}", "picture_count": 1}
    if path == "/albums":
        return json_reply(200, {"count": 1, "list": [album]})
    if path == f"/albums/{theme}-album":
        picture = {"id": f"{theme}-1", "title": f"{theme} at dawn", "width": 40, "height": 30}
        return json_reply(200, album | {"pictures": [picture]})
    if path in {f"/pictures/{theme}-1/image", f"/pictures/{theme}-1/thumbnail"}:
        return Reply(200, PICTURE, {"Content-Type": "image/png"})
    return json_reply(404, {"error": "not_found", "error_description": "There is no such picture"})


def _fits(asked: dict[str, str], fields: dict[str, str]) -> bool:
    verifier = fields.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    challenge = asked.get("code_challenge")
    return asked["redirect_uri"] == fields["redirect_uri"] and (not challenge or digest == challenge)


class _Handler(BaseHTTPRequestHandler):
    peer: Peer

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._serve(dict(parse_qsl(body, keep_blank_values=True)))

    def _serve(self, fields: dict[str, str]) -> None:
        request = Received(self.command, urlsplit(self.path).path, dict(self.headers), fields)
        self.peer.received.append(request)
        reply = self.peer.answer(request)
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True  # the playground did not wait for the answer: that is what the test is about

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the tests read `received`."""


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def encode(values: dict[str, str]) -> str:
    return urlencode(values)
