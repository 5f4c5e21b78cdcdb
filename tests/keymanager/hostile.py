"""What strangers may send: strategies of Hypothesis for requests that hold the rules of HTTP and no others.

HYPOTHESIS_EXAMPLES=5000 makes a long run by hand; without it the examples are few and always the same.
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

from django.test import Client as Browser
from hypothesis import HealthCheck, settings, strategies as st

from tests.keymanager.conftest import CALLBACK, Registered

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0"))


def examples(few: int) -> settings:
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


# By what standards name them; each is drawn more often than a name that is made up.
PARAMETERS = [
    "access_token",
    "acr_values",
    "actor_token",
    "actor_token_type",
    "assertion",
    "audience",
    "authorization_details",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "decision",
    "device_code",
    "display",
    "dpop_jkt",
    "duration",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "password",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "registration",
    "rel",
    "request",
    "request_uri",
    "requested_token_type",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "subject_token",
    "subject_token_type",
    "token",
    "token_type_hint",
    "ui_locales",
    "user_code",
    "username",
]
GRANT = "urn:ietf:params:oauth:grant-type:"
MEANT = (
    (
        "authorization_code client_credentials code fragment implicit login none openid password plain query "
        "refresh_token S256 select_account token xyz form_post.jwt code,id_token 1 -1 18446744073709551616 photos:read"
    )
    .replace(",", " ")
    .split()
)
MEANT += [f"{GRANT}{name}" for name in ("device_code", "jwt-bearer", "token-exchange", "saml2-bearer")]
MEANT += [f"urn:ietf:params:oauth:{name}" for name in ("token-type:access_token", "token-type:jwt", "request_uri:x")]
MEANT += ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "https://localhost:8243", "https://printer.example"]
NASTY = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    "٣",
    "²",
    "１２",
    "é",
    "\u202e",
    "💥",
    "\ufffe",
    "'",
    '"><script>',
    "{{7*7}}",
    "%s%n",
    "../../etc/passwd",
    "//evil.example",
    "javascript:alert(1)",
    "https://[",
    "https://a:b",
    "http://a:99999",
    "[]",
    "{}",
    "[[[[",
    "null",
    "NaN",
    "-0",
    "1e999",
    '{"a":1,"a":2}',
    '"\\ud800"',
    "[" * 3000,
    "9" * 5000,
    "a" * 100_000,
)
# Bytes that are no UTF-8: half of a sequence, an overlong one, half of a surrogate pair, beyond Unicode.
RAW = (b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80abc")

characters = st.characters(exclude_categories=["Cs"])
short = st.text(characters, max_size=12)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), short, st.sampled_from((*NASTY, *MEANT, "\ud800"))
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3), max_leaves=6
)


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def packed(value: Any) -> str:
    return base64url(json.dumps(value).encode())


CLAIMS = [
    "act",
    "alg",
    "ath",
    "aud",
    "client_id",
    "crit",
    "cty",
    "enc",
    "events",
    "exp",
    "htm",
    "htu",
    "iat",
    "iss",
    "jku",
    "jti",
    "jwk",
    "kid",
    "nbf",
    "nonce",
    "scope",
    "sid",
    "sub",
    "typ",
    "zip",
    "x5u",
]
MEMBERS = (
    "none",
    "HS256",
    "ES256",
    "RS256",
    "at+jwt",
    "dpop+jwt",
    "JWT",
    "https://localhost:9443",
    "POST",
    10**400,
    1e308,
    -1,
)
objects = st.dictionaries(st.sampled_from(CLAIMS), st.sampled_from(MEMBERS) | json_values, max_size=7)
tokens = st.builds(
    lambda header, claims, signature: f"{header}.{claims}.{signature}",
    objects.map(packed) | st.sampled_from(("", "e30", "bnVsbA", "W10")),
    objects.map(packed) | st.sampled_from(("", "e30", "bnVsbA", "W10")),
    st.sampled_from(("", "AAAA", "é", "A" * 86)),
)
values = st.one_of(st.sampled_from(MEANT), st.sampled_from(NASTY), tokens, short, json_values.map(json.dumps)).map(
    lambda text: text.encode(errors="surrogatepass")
) | st.sampled_from(RAW)
names = st.one_of(
    st.sampled_from(PARAMETERS),
    st.sampled_from(PARAMETERS),
    st.sampled_from(("scope[]", "a[b][c]", "", "__proto__")),
    short,
).map(str.encode) | st.sampled_from(RAW)
pairs = st.lists(st.tuples(names, values), max_size=8)


def encoded(sent: list[tuple[bytes, bytes]]) -> bytes:
    return "&".join(f"{quote_from_bytes(name)}={quote_from_bytes(value)}" for name, value in sent).encode()


def parts(sent: list[tuple[bytes, bytes]]) -> bytes:
    """As multipart, every other one a file."""
    body = b""
    for number, (name, value) in enumerate(sent):
        file = b'; filename="f"\r\nContent-Type: text/plain' if number % 2 else b""
        body += b'--b\r\nContent-Disposition: form-data; name="' + name.replace(b'"', b"") + b'"' + file
        body += b"\r\n\r\n" + value + b"\r\n"
    return body + b"--b--\r\n"


FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"
bodies = st.one_of(
    st.tuples(st.just(FORM), pairs.map(encoded)),
    st.tuples(st.just(FORM), pairs.map(encoded)),
    st.tuples(st.just(MULTIPART), pairs.map(parts)),
    st.tuples(st.just(MULTIPART), pairs.map(lambda sent: parts(sent)[:-7])),
    st.tuples(st.just(JSON), json_values.map(lambda value: json.dumps(value).encode())),
    st.tuples(
        st.sampled_from(
            (
                "",
                "text/plain",
                "multipart/form-data",
                "multipart/form-data; boundary=",
                f"{FORM}; charset=utf-16",
                f"{FORM}; charset=nothing",
                f"{JSON}; charset=x",
                "x" * 3000,
                "a/b; c",
                "multipart/form-data; boundary=é",
                "multipart/mixed; boundary=b",
            )
        ),
        st.sampled_from((b"", b"\x1f\x8b\x08\x00", b"\xff\xfe", b"{", b"null", b"--b--")) | pairs.map(encoded),
    ),
)

wire = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
credentials = st.one_of(
    wire,
    tokens,
    st.binary(max_size=30).map(lambda value: base64.b64encode(value).decode()),
    st.tuples(short, short).map(lambda pair: base64.b64encode(":".join(pair).encode()).decode()),
    st.sampled_from(("", "====", "Og==", "AA==", "Zg", "JTAwOiUwMA==", "a" * 20_000)),
)
SCHEMES = ("Basic", "basic", "Bearer", "DPoP", "Digest", "Negotiate", "", "Basic Basic", "Bearer,Bearer")
authorizations = st.tuples(st.sampled_from(SCHEMES), credentials).map(" ".join)
HEADERS = (
    "Accept",
    "Accept-Language",
    "Content-Encoding",
    "Cookie",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Range",
    "Referer",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Client-Cert",
    "X-Client-Cert",
    "X-HTTP-Method-Override",
    "Access-Control-Request-Method",
    "Forwarded",
    "Expect",
)
SAID = (
    "gzip",
    "null",
    "https://printer.example",
    "text/html;q=x",
    "application/jwt;q=nan, */*",
    ",,;;==",
    "a=b; a=c; \x7f",
    "__Host-keymanager-session=x; __Host-store-session=é",
    "127.0.0.1, ::1, x",
    "bytes=0-",
    "W/",
    "https",
    'Cert="x"',
    "a" * 8000,
    "GET",
    "application/token-introspection+jwt",
    "POST",
    "Thu, 99 Foo 99999 99:99:99 GMT",
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": authorizations,
        "DPoP": tokens | wire,
        **{name: st.sampled_from(SAID) | wire for name in HEADERS},
    },
)


@dataclass(frozen=True)
class Sent:
    method: str
    query: str
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


methods = st.sampled_from(("POST",) * 12 + ("GET",) * 5 + ("PUT", "DELETE", "OPTIONS", "HEAD", "X"))
requests = st.builds(
    lambda method, query, body, said: Sent(method, query, body[0], body[1], said),
    methods,
    st.just("") | pairs.map(lambda sent: encoded(sent).decode()),
    bodies,
    headers,
)


def send(browser: Browser, path: str, sent: Sent) -> Any:
    """As a server would hand it over; what a view raises is raised here, so that the test shows where."""
    extra: dict[str, Any] = {"QUERY_STRING": sent.query} if sent.query else {}
    return browser.generic(sent.method, path, sent.body, sent.content_type, headers=sent.headers, secure=True, **extra)


changes = st.lists(
    st.tuples(st.sampled_from(PARAMETERS).map(str.encode) | names, values | st.none()), min_size=1, max_size=3
)


def changed(good: dict[str, str], wrong: list[tuple[bytes, bytes | None]]) -> bytes:
    """A request that was good but for these: another value, or none at all; of one name, two values."""
    replaced = {name for name, _ in wrong}
    kept = [(name.encode(), value.encode()) for name, value in good.items() if name.encode() not in replaced]
    return encoded(kept + [(name, value) for name, value in wrong if value is not None])


# RFC 6749 5.2.
SAYABLE = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")
OURS = ("", "https://localhost:9443", "https://testserver")


def check(answer: Any, stranger: Registered, elsewhere: str) -> None:
    """What holds for every answer. `stranger` is a client that the request is not about, `elsewhere` its address."""
    assert answer.status_code < 500
    assert b"Traceback" not in answer.content
    said = answer.content + str(answer.headers).encode()
    assert elsewhere.encode() not in said
    assert str(stranger.secret).encode() not in said
    location = urlsplit(answer.get("Location", ""))
    origin = f"{location.scheme}://{location.netloc}" if location.netloc else location.scheme
    assert origin in OURS or answer["Location"].startswith(CALLBACK), answer["Location"]
    is_json = answer.content and answer.get("Content-Type") == "application/json"
    if is_json and "error" in answer.json():
        assert answer.json().keys() == {"error", "error_description"}
        assert SAYABLE.fullmatch(answer.json()["error_description"])
