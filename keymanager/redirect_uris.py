"""Which redirect URIs a client may register. The store asks here through its seam, dynamic registration directly.

RFC 6749 3.1.2: an absolute URI without a fragment. RFC 9700 2.1: compared exactly, so no wildcards. RFC 8252 7: http
for the loopback interface, and private-use schemes that are a reversed domain name, for apps on a device.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit, urlunsplit

MAX_LENGTH = 2000
MAX_COUNT = 20
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
SEVERAL = re.compile(r"\S\s+\S+://|,\s*https?://")
HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:\d")
PRIVATE_USE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")

Check = Callable[[str, SplitResult, bool], str]


def refused(url: str, *, public: bool) -> str:
    """Why `url` cannot be registered, as one sentence for its developer; empty when it can.

    `public`: the client is one that keeps no secret, as an app on a device (RFC 6749 2.1).
    """
    if sentence := refused_as_text(url):
        return sentence
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "This is not a valid URL: look at the host and the port."
    return next((sentence for check in CHECKS if (sentence := check(url, parts, public))), "")


def is_web(url: str) -> bool:
    return urlsplit(url).scheme in {"https", "http"}


def origin(url: str) -> str:
    """RFC 6454 6.2, as a browser writes it: the default port is left out."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_default = parts.port in {None, {"https": 443, "http": 80}[parts.scheme]}
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{parts.port}")


def is_loopback(url: str) -> bool:
    """RFC 8252 7.3: http to this machine, where an app on a device listens for its answer."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port != 0 and parts.username is None
    except ValueError:
        return False


def without_port(url: str) -> str:
    """RFC 8252 7.3: "The authorization server MUST allow any port to be specified at the time of the request for
    loopback IP redirect URIs"."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return urlunsplit(parts._replace(netloc=host))


def refused_as_text(url: str) -> str:
    if len(url) > MAX_LENGTH:
        return f"A callback URL has at most {MAX_LENGTH} characters; this one has {len(url)}."
    if SEVERAL.search(url):
        return "Enter one URL here, and every other one under “Add another callback URL”."
    if "*" in url:
        return "A callback URL is compared as a whole: write it out, without the wildcard *."
    if not URI_CHARACTERS.fullmatch(url):
        return "A callback URL holds no spaces, control characters or letters beyond ASCII: write them percent-encoded."
    return ""


def scheme(url: str, parts: SplitResult, public: bool) -> str:
    if not parts.scheme or HOST_AND_PORT.match(url):
        return "Enter the whole URL, beginning with https://"
    if parts.scheme in {"https", "http"}:
        return ""
    if not PRIVATE_USE_SCHEME.fullmatch(parts.scheme):
        return f"Addresses that begin with {parts.scheme}: are not accepted; begin with https://"
    return "" if public else f"{parts.scheme}: is for apps on a device: tick “Public client” first, or use https://"


def fragment(url: str, parts: SplitResult, public: bool) -> str:
    return "Leave out the fragment: # and what follows it never reaches your server." if "#" in url else ""


def host(url: str, parts: SplitResult, public: bool) -> str:
    if parts.scheme not in {"https", "http"}:
        return ""
    if not parts.hostname:
        return "Enter the whole URL with its host, as in https://your-app.example/callback"
    if parts.username is not None:
        return "Leave out the user name and password before the host."
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "Use https: plain http is accepted for localhost, 127.0.0.1 and [::1] only."
    return ""


CHECKS: tuple[Check, ...] = (scheme, fragment, host)
