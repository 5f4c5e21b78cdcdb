"""The issuer's public keys, fetched over HTTPS and kept (RFC 7517)."""

from __future__ import annotations

import functools
import json
import logging
import math
import threading
import time
from pathlib import Path

import jwt
import requests

from photos.errors import KeysUnavailable

log = logging.getLogger("photos.jwks")

PAUSE = 5.0  # seconds between two fetches, however many unknown keys are asked for
LIFETIME = 300.0  # seconds after which the keys are fetched anew, so that a withdrawn key goes
TIMEOUT = (3.0, 5.0)  # seconds to connect, and to read
LARGEST = 256 * 1024
ALGORITHMS = ("ES256", "RS256")


class UnknownKey(Exception):
    """The issuer does not publish this key."""


class KeySet:
    """The keys at one address. Known keys go on serving while the issuer is away."""

    def __init__(self, url: str, ca_file: Path) -> None:
        self._url = url
        self._ca_file = ca_file
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -math.inf
        self._failed = False
        self._fetching = threading.Lock()

    def key(self, kid: str) -> jwt.PyJWK:
        """The key called `kid`; raises UnknownKey, or KeysUnavailable when the issuer cannot be asked."""
        known = kid in self._keys
        if not known or time.monotonic() - self._fetched_at > LIFETIME:
            self._refresh(wait=not known)
        found = self._keys.get(kid)
        if found is not None:
            return found
        if self._failed:
            raise KeysUnavailable("PhotoShare cannot reach the key manager to check the access token; try again soon.")
        raise UnknownKey(kid)

    def _refresh(self, *, wait: bool) -> None:
        """Fetch, unless that was tried just now; who has a key already does not `wait` for another's fetch."""
        if not self._fetching.acquire(blocking=wait):
            return
        try:
            if time.monotonic() - self._tried_at >= PAUSE:
                self._fetch()
        finally:
            self._fetching.release()

    def _fetch(self) -> None:
        try:
            self._keys = _read(_download(self._url, self._ca_file))
            self._fetched_at = time.monotonic()
            self._failed = False
        except (OSError, ValueError) as problem:  # requests' exceptions are OSErrors
            log.warning("The keys at %s cannot be fetched: %s", self._url, problem)
            self._failed = True
        self._tried_at = time.monotonic()


@functools.cache
def key_set(url: str, ca_file: Path) -> KeySet:
    """The one key set of an address in this process."""
    return KeySet(url, ca_file)


def _download(url: str, ca_file: Path) -> bytes:
    with requests.Session() as session:
        session.trust_env = False  # neither proxies nor other certificate stores may come between
        with session.get(url, verify=str(ca_file), timeout=TIMEOUT, allow_redirects=False, stream=True) as response:
            if response.status_code != 200:
                raise ValueError(f"answered {response.status_code}")
            body = bytes(response.raw.read(LARGEST + 1, decode_content=True))
    if len(body) > LARGEST:
        raise ValueError(f"longer than {LARGEST} bytes")
    return body


def _read(body: bytes) -> dict[str, jwt.PyJWK]:
    """The signing keys by their `kid`; keys of other kinds are passed over (RFC 7517 5)."""
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    keys = {}
    for entry in document["keys"]:
        if isinstance(entry, dict) and isinstance(entry.get("kid"), str) and entry.get("use", "sig") == "sig":
            key = _key(entry)
            if key is not None:
                keys[entry["kid"]] = key
    return keys


def _key(entry: dict[str, object]) -> jwt.PyJWK | None:
    if entry.get("kty") not in ("EC", "RSA"):
        return None
    try:
        key = jwt.PyJWK.from_dict(entry)
    except jwt.PyJWTError as problem:
        log.warning("The key %s cannot be used: %s", entry["kid"], problem)
        return None
    return key if key.algorithm_name in ALGORITHMS else None
