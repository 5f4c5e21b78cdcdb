"""Reading a provider's document: what is wrong with it, and where."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from store import documents, resources
from store.documents import DefinitionError
from tests import web_servers

if TYPE_CHECKING:
    from pytest_django import Settings

YAML = """\
openapi: 3.0.3
info: {title: Shelf, version: 1.0}
paths:
  /books:
    get:
      responses: {200: {description: Yes}}
  /books/{id}:
    get:
      x-throttling-tier: 10KPerMin
"""
TOO_MANY = ", ".join(f"s{number}" for number in range(101))


def refused(text: str) -> str:
    with pytest.raises(DefinitionError) as error:
        resources.compiled(documents.read(text), ["10KPerMin"])
    return str(error.value)


def test_yaml_and_json_are_the_same() -> None:
    document = documents.read(YAML)

    assert document.definition["info"] == {"title": "Shelf", "version": 1.0}
    assert document.definition["paths"]["/books"]["get"]["responses"] == {"200": {"description": "Yes"}}
    assert documents.read(json.dumps(document.definition, indent=2)).definition == document.definition


def test_json_with_escapes_and_tabs_is_read() -> None:
    text = '{\n\t"openapi": "3.0.3",\n\t"info": {"title": "a\\/b \\ud83d\\ude00"},\n\t"paths": {"/a": {"get": {}}}\n}'

    assert documents.read(text).definition["info"]["title"] == "a/b \N{GRINNING FACE}"
    assert documents.read(f"\ufeff{text}") == documents.read(text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("openapi: 3.0.3", "swagger: '2.0'"), "Line 1: This is OpenAPI 2 (Swagger). Convert it to OpenAPI 3 first."),
        (("openapi: 3.0.3\n", ""), "The document does not say that it is OpenAPI 3 (openapi: 3.0.3)."),
        (("paths:", "parts:"), "The document has no paths, so there would be nothing to call."),
        (("/books/{id}:", "/books/{id:"), "Line 7: The path /books/{id must begin with a slash"),
        (("/books/{id}:", "books:"), "Line 7: The path books must begin with a slash"),
        (("/books/{id}:", "/a/../b:"), "Line 7: The path /a/../b must begin with a slash"),
        (("/books/{id}:", f"/{'a' * 1000}/{{id}}:"), "Line 7: The path /aaaaaaaaaaaaaaaaaaaa"),
        (("/books/{id}:", "/books:"), "Line 7: /books stands here a second time."),
        (("10KPerMin", "Platinum"), "Line 9: There is no tier Platinum."),
        (("x-throttling-tier: 10KPerMin", "x-auth-type: Nobody"), "Line 9: x-auth-type is one of None, Application"),
        (("x-throttling-tier: 10KPerMin", "security: [{oauth: ['a\"b']}]"), "Line 9: A scope cannot be called a\"b."),
        (("    get:\n      x-throttling-tier: 10KPerMin", "    $ref: other.yaml"), "Line 8: Only references within"),
        (("    get:\n      x-throttling-tier: 10KPerMin", "    $ref: '#/x'"), "Line 8: The reference #/x leads to"),
        (("    get:\n      x-throttling-tier: 10KPerMin", "    get: all"), "Line 8: The operation GET /books/{id} is"),
        (("x-throttling-tier: 10KPerMin", "$ref: '#/paths/~1books/get'"), "Line 9: The operation GET /books/{id} must"),
        (("x-throttling-tier: 10KPerMin", f"security: [{{oauth: [{'a' * 101}]}}]"), "Line 9: A scope cannot be called"),
        (("x-throttling-tier: 10KPerMin", f"security: [{{oauth: [{TOO_MANY}]}}]"), "Line 9: The operation GET /books"),
        (("    get:\n      responses", "    get:\n    responses: [}"), "Line 6: The document cannot be read: "),
    ],
)  # fmt: skip
def test_bad_document_is_refused_with_line_and_reason(change: tuple[str, str], reason: str) -> None:
    assert change[0] in YAML

    assert refused(YAML.replace(*change)).startswith(reason)


def test_operation_that_stands_twice_is_refused() -> None:
    text = '{"openapi": "3.0.3", "paths": {"/a": {\n"get": {},\n"get": {}}}}'

    assert refused(text) == "Line 3: get stands here a second time."


@pytest.mark.parametrize(
    ("title", "line"),
    [(r"\ud83d\ude00", "Line 3: get stands here"), (r"\\\ud83d\ude00", "Line 3: "), ("\x7f", "get stands")],
)
def test_what_yaml_cannot_read_hides_no_second_operation(title: str, line: str) -> None:
    paths = '{"/a": {\n"get": {"security": []},\n"get": {}}}'
    text = f'{{"openapi": "3.0.3", "info": {{"title": "{title}"}}, "paths": {paths}}}'

    assert refused(text).startswith(line)


def test_paths_that_differ_in_names_only_are_refused() -> None:
    assert (
        refused(YAML.replace("  /books:", "  /books/{name}:"))
        == "Line 7: The path /books/{id} is the same as /books/{name}."
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"openapi": "3.0.3",\n "paths": }', "Line 2: The document cannot be read"),
        ("- a\n- b", "Line 1: This is no OpenAPI document"),
        ("", "Line 1: This is no OpenAPI document"),
        ("[" * 100_000, "Line 1: The document cannot be read"),
        ('{"a":' * 100_000, "The document is too deep"),
        ("a: &x [1]\nb: *x", "Line 1: Aliases of YAML are not read"),
        ("a: !!python/object/apply:os.system [id]", "The document does not say"),
        ("? [a]\n: b", "Line 1: The name of a member must be a plain text."),
        ('{"a": "\\u0000"}', "The document has characters that no text has."),
        ('{"a": "\\ud800"}', "The document is too deep, or has characters"),
        ('{"a": NaN}', "The document has a number that JSON does not have."),
        ('{"a": [-Infinity]}', "The document has a number that JSON does not have."),
        ('{"a": 1e999}', "The document has a number that JSON does not have."),
        ("a: \x01", "The document cannot be read"),
        ("x" * (documents.MOST_BYTES + 1), "The document is larger than 1024 KiB."),
    ],
    ids=range(15),
)
def test_text_that_is_no_document_is_refused(text: str, reason: str) -> None:
    assert refused(text).startswith(reason)


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        texts = {"/good.yaml": YAML.encode(), "/large": b"x" * 2_000_000, "/binary": b"\xff\xfe\x00"}
        found = texts.get(self.path)
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def address() -> Iterator[str]:
    with web_servers.serving(Server) as address:
        yield address


def test_document_is_fetched_from_loopback_in_demo_mode(address: str, settings: Settings) -> None:
    settings.DEMO = True

    assert documents.fetch(f"{address}/good.yaml") == YAML


@pytest.mark.parametrize(
    ("path", "reason"), [("/missing", "answered 404"), ("/large", "larger than"), ("/binary", "no text in UTF-8")]
)
def test_what_cannot_be_had_is_one_sentence(address: str, settings: Settings, path: str, reason: str) -> None:
    settings.DEMO = True

    with pytest.raises(DefinitionError, match=reason):
        documents.fetch(f"{address}{path}")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "//a", "https://[", "http://example.com/a"])
def test_other_addresses_are_not_fetched(settings: Settings, url: str) -> None:
    settings.DEMO = False

    with pytest.raises(DefinitionError):
        documents.fetch(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_inner_network_is_not_called_outside_demo_mode(settings: Settings, host: str) -> None:
    settings.DEMO = False

    with pytest.raises(DefinitionError, match="cannot be fetched"):
        documents.fetch(f"https://{host}/openapi.json")


def test_long_documents_name_their_lines() -> None:
    paths = "".join(f"  /a{number}:\n    get: {{}}\n" for number in range(300))

    assert refused(f"openapi: 3.1.0\npaths:\n{paths}  bad:\n    get: {{}}\n").startswith("Line 603: ")
    assert textwrap.shorten(refused(f"openapi: 3.1.0\npaths:\n{paths * 2}"), 20).startswith("Line 603")
