"""A small real issuer for the tests: its own keys, its own HTTPS server for the key set, on loopback."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ISSUER = "https://localhost:9443"
AUDIENCE = "https://localhost:8243"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Issuer:
    """Signs tokens and publishes its keys at `url`; `asked` counts the fetches, `status` can be set."""

    def __init__(self, folder: Path) -> None:
        self.keys: dict[str, PrivateKey] = {"first": ec.generate_private_key(ec.SECP256R1())}
        self.published = ["first"]
        self.extra: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.ca_file = _certificate(folder)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, folder / "key.pem")
        # The answering thread shakes hands: in the accepting one a silent caller would keep `stop` waiting for ever.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self._server.server_port}/oauth2/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the door; may be called twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def key_set(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        entries = []
        for kid in self.published:
            key = self.keys[kid]
            algorithm = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else _RSA
            public: Any = key.public_key()
            entry = algorithm.to_jwk(public, as_dict=True)
            entries.append({**entry, "kid": kid, "use": "sig"})
        return {"keys": [*entries, *self.extra]}

    def add_key(self, kid: str, key: PrivateKey | None = None) -> None:
        """One more key, published."""
        self.keys[kid] = key or ec.generate_private_key(ec.SECP256R1())
        self.published.append(kid)

    def token(
        self, subject: str = "bob", scope: str = "photos:read photos:write", *, kid: str = "first", **changes: Any
    ) -> str:
        """An access token; `changes` replace claims (None takes one away), `header` replaces header members."""
        header = {"typ": "at+jwt", "kid": kid, **changes.pop("header", {})}
        algorithm = changes.pop("algorithm", "ES256")
        key = changes.pop("key", None) or self.keys[kid]
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "client_id": "client-of-alice",
            "scope": scope,
        }
        claims |= {"iat": now, "exp": now + 600, "jti": uuid.uuid4().hex, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key, algorithm=algorithm, headers=header)


_RSA = jwt.algorithms.RSAAlgorithm


def _handler(issuer: Issuer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            body = json.dumps(issuer.key_set()).encode()
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _certificate(folder: Path) -> Path:
    """A certificate for localhost, signed by itself; its key lies in `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=1)
    )
    builder = builder.add_extension(names, critical=False).add_extension(
        x509.BasicConstraints(True, None), critical=True
    )
    file = folder / "certificate.pem"
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return file
