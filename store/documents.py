"""Reads the OpenAPI document of a provider, JSON or YAML, so that every complaint can name its line."""

from __future__ import annotations

import http.client
import json
import math
import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml
from django.conf import settings

from accounts import outside
from store.errors import StoreError

MOST_BYTES = 1024 * 1024
DEEPEST = 100
Path = tuple[str, ...]
# In JSON half of a character beyond the first 65,536, which YAML does not write so.
HALF = re.compile(r"(?<!\\)((?:\\\\)*)\\(u[dD][89a-fA-F][0-9a-fA-F]{2})")


class DefinitionError(StoreError):
    """Why a document is refused, with its line where there is one."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {reason}" if line else reason)
        self.line = line


class Document(NamedTuple):
    """`lines`: where each member stands, by the names that lead to it."""

    definition: dict[str, Any]
    lines: dict[Path, int]

    def refused(self, reason: str, *path: str) -> DefinitionError:
        """At the line of the member, or of what it stands in."""
        while path and path not in self.lines:
            path = path[:-1]
        return DefinitionError(reason, self.lines.get(path, 0))


def read(text: str) -> Document:
    """DefinitionError. JSON is YAML to a parser of YAML, but for tabs, which only JSON has between its tokens."""
    text = text.removeprefix("\ufeff")
    if len(text.encode()) > MOST_BYTES:
        raise DefinitionError(f"The document is larger than {MOST_BYTES // 1024} KiB.")
    try:
        document = read_yaml(text) if not text.lstrip().startswith("{") else read_json(text)
        kept = json.dumps(document.definition, ensure_ascii=False, allow_nan=False).encode()
    except (RecursionError, UnicodeError):
        raise DefinitionError("The document is too deep, or has characters that no text has.") from None
    except ValueError:
        # NaN and Infinity, which our parser reads and no database keeps; or 1e999.
        raise DefinitionError("The document has a number that JSON does not have.") from None
    if b"\\u0000" in kept:
        raise DefinitionError("The document has characters that no text has.")
    return document


def read_yaml(text: str) -> Document:
    try:
        root = composed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise DefinitionError(f"The document cannot be read: {error.problem}.", line) from None
    except (yaml.YAMLError, ValueError):
        raise DefinitionError("The document cannot be read: it has characters that no text has.") from None
    if not isinstance(root, yaml.MappingNode):
        raise DefinitionError("This is no OpenAPI document: it must be an object with openapi, info and paths.", 1)
    lines: dict[Path, int] = {}
    return Document(mapping(root, (), lines, set()), lines)


def composed(text: str) -> yaml.Node | None:
    """The parser goes down into what it composes by itself, and takes the process with it when that is too deep: it is
    measured first, event by event. RecursionError."""
    text = text.replace("\t", "  ")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise RecursionError
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def read_json(text: str) -> Document:
    """Its own parser says what is wrong with it; that of YAML says where each member stands, if it can."""
    try:
        definition = json.loads(text)
    except json.JSONDecodeError as error:
        raise DefinitionError(f"The document cannot be read: {error.msg}.", error.lineno) from None
    try:
        root = composed(HALF.sub(r"\1\2", text))
    except (yaml.YAMLError, ValueError):
        return Document(json.loads(text, object_pairs_hook=once), {})
    lines: dict[Path, int] = {}
    if not isinstance(root, yaml.MappingNode):
        raise DefinitionError("This is no OpenAPI document: it must be an object with openapi, info and paths.", 1)
    mapping(root, (), lines, set())
    return Document(definition, lines)


def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which each member stands once."""
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise DefinitionError(f"{name} stands a second time.")
        found[name] = value
    return found


def mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise DefinitionError("The name of a member must be a plain text.", line)
        if key.value in found:
            raise DefinitionError(f"{key.value} stands here a second time.", line)
        lines[(*path, key.value)] = line
        found[key.value] = plain(value, (*path, key.value), lines, seen)
    return found


def plain(node: yaml.Node, path: Path, lines: dict[Path, int], seen: set[int]) -> Any:
    """What JSON can say of it. A node met twice was named by an alias: a small document could grow without end so."""
    if id(node) in seen:
        raise DefinitionError("Aliases of YAML are not read; write it out, or use $ref.", node.start_mark.line + 1)
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return mapping(node, path, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [plain(one, (*path, str(place)), lines, seen) for place, one in enumerate(node.value)]
    return scalar(node)


def scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"  # and "yes" is a text, as in YAML 1.2
    if node.tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}:
        return number(text)
    return text


def number(text: str) -> Any:
    """A number as JSON has them; what is none to JSON stays the text it is, such as 0x10 or .inf."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


def fetch(url: str) -> str:
    """The text at an address that a provider has given; https, or loopback in demo mode (accounts/outside.py)."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ({"https", "http"} if settings.DEMO else {"https"}) or not parts.hostname:
            raise DefinitionError("The address of the document must begin with https://.")
        with outside.within_time(outside.Connection(parts)) as connection:
            connection.request("GET", outside.path_of(parts), headers={"Accept": "application/json, application/yaml"})
            return received(connection.getresponse())
    except (outside.NotReached, *outside.FAULTS):
        raise DefinitionError("The document cannot be fetched from that address.") from None


def received(answer: http.client.HTTPResponse) -> str:
    if answer.status != 200:
        raise DefinitionError(f"The server of the document answered {answer.status}.")
    body = answer.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise DefinitionError(f"The document is larger than {MOST_BYTES // 1024} KiB.")
    return decoded(body)


def decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DefinitionError("The document is no text in UTF-8.") from None
