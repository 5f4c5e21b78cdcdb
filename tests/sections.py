"""docs/sections.md: which sections of which standards the tests hold, read from their marks without running them.

`python -m tests.sections` writes it; tests/test_docs.py compares.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/sections.md"
RFCS = {
    "5321": "Simple Mail Transfer Protocol",
    "5322": "Internet Message Format",
    "6238": "TOTP: Time-Based One-Time Password Algorithm",
    "6585": "Additional HTTP Status Codes",
    "6749": "The OAuth 2.0 Authorization Framework",
    "6750": "The OAuth 2.0 Authorization Framework: Bearer Token Usage",
    "7009": "OAuth 2.0 Token Revocation",
    "7033": "WebFinger",
    "7515": "JSON Web Signature",
    "7516": "JSON Web Encryption",
    "7517": "JSON Web Key",
    "7518": "JSON Web Algorithms",
    "7519": "JSON Web Token",
    "7521": "Assertion Framework for OAuth 2.0 Client Authentication and Authorization Grants",
    "7523": "JWT Profile for OAuth 2.0 Client Authentication and Authorization Grants",
    "7591": "OAuth 2.0 Dynamic Client Registration Protocol",
    "7592": "OAuth 2.0 Dynamic Client Registration Management Protocol",
    "7636": "Proof Key for Code Exchange by OAuth Public Clients",
    "7638": "JSON Web Key Thumbprint",
    "7662": "OAuth 2.0 Token Introspection",
    "7800": "Proof-of-Possession Key Semantics for JSON Web Tokens",
    "8176": "Authentication Method Reference Values",
    "8252": "OAuth 2.0 for Native Apps",
    "8414": "OAuth 2.0 Authorization Server Metadata",
    "8628": "OAuth 2.0 Device Authorization Grant",
    "8693": "OAuth 2.0 Token Exchange",
    "8705": "OAuth 2.0 Mutual-TLS Client Authentication and Certificate-Bound Access Tokens",
    "8707": "Resource Indicators for OAuth 2.0",
    "8725": "JSON Web Token Best Current Practices",
    "9068": "JWT Profile for OAuth 2.0 Access Tokens",
    "9110": "HTTP Semantics",
    "9112": "HTTP/1.1",
    "9113": "HTTP/2",
    "9101": "JWT-Secured Authorization Request",
    "9111": "HTTP Caching",
    "9126": "OAuth 2.0 Pushed Authorization Requests",
    "9207": "OAuth 2.0 Authorization Server Issuer Identification",
    "9396": "OAuth 2.0 Rich Authorization Requests",
    "9440": "Client-Cert HTTP Header Field",
    "9449": "OAuth 2.0 Demonstrating Proof of Possession",
    "9470": "OAuth 2.0 Step Up Authentication Challenge Protocol",
    "9700": "Best Current Practice for OAuth 2.0 Security",
    "9701": "JWT Response for OAuth Token Introspection",
    "9728": "OAuth 2.0 Protected Resource Metadata",
    "9864": "Fully-Specified Algorithms for JOSE and COSE",
}
OTHERS = {
    "CIMD": "OAuth Client ID Metadata Document (draft)",
    "fapi-2.0": "FAPI 2.0 Security Profile",
    "fapi-2.0-message-signing": "FAPI 2.0 Message Signing",
    "jarm": "JWT Secured Authorization Response Mode for OAuth 2.0",
    "oauth-2.1": "The OAuth 2.1 Authorization Framework (draft)",
    "oauth-form-post": "OAuth 2.0 Form Post Response Mode",
    "oauth-multiple-response-types": "OAuth 2.0 Multiple Response Type Encoding Practices",
    "oidc-backchannel": "OpenID Connect Back-Channel Logout 1.0",
    "oidc-core": "OpenID Connect Core 1.0",
    "oidc-discovery": "OpenID Connect Discovery 1.0",
    "oidc-frontchannel": "OpenID Connect Front-Channel Logout 1.0",
    "oidc-prompt-create": "Initiating User Registration via OpenID Connect 1.0",
    "oidc-registration": "OpenID Connect Dynamic Client Registration 1.0",
    "oidc-rpinitiated": "OpenID Connect RP-Initiated Logout 1.0",
    "oidc-session": "OpenID Connect Session Management 1.0",
}
HEAD = """\
# Sections that tests hold

Made from the marks `@pytest.mark.rfc("6749#4.1.3")` by `make docs`; a test holds it equal to them. A test that holds
rules of two sections counts for both; its parameters do not count.

| standard | section | tests | in |
|---|---|---|---|
"""


def marks(tree: ast.AST) -> set[str]:
    """The sections that marks anywhere within `tree` name, those of single parameters too."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = (call for call in calls if ast.unparse(call.func) == "pytest.mark.rfc")
    return {str(ast.literal_eval(argument)) for call in named for argument in call.args}


def marked_tests(source: str) -> Iterator[tuple[str, set[str]]]:
    """Each test function of a module with the sections it is marked with, by itself or by the module."""
    tree = ast.parse(source)
    of_module: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "pytestmark":
            of_module = marks(statement.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, of_module.union(*map(marks, node.decorator_list))


def covered() -> dict[tuple[str, str], list[str]]:
    """(document, section) to the file of each of its tests."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for _, sections in marked_tests(path.read_text()):
            for mark in sections:
                document, _, section = mark.partition("#")
                found[document, section].append(path.relative_to(ROOT).as_posix())
    return found


def order(entry: tuple[str, str]) -> tuple[object, ...]:
    """RFCs by number, then the others by title; sections by number, appendices last."""
    document, section = entry
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\w+", section)]
    return document not in RFCS, OTHERS.get(document, document.zfill(6)), parts


def standard(document: str, *, first: bool) -> str:
    if document in RFCS:
        return f"RFC {document}, {RFCS[document]}" if first else f"RFC {document}"
    return OTHERS[document]


def linked(document: str, section: str) -> str:
    if document not in RFCS or not section:
        return section
    kind = "section" if section[0].isdigit() else "appendix"
    return f"[{section}](https://www.rfc-editor.org/rfc/rfc{document}#{kind}-{section})"


def table() -> str:
    """The whole document. KeyError: a mark names a document that has no title above."""
    rows, last = [], ""
    for entry, files in sorted(covered().items(), key=lambda item: order(item[0])):
        document, section = entry
        paths = ", ".join(f"`{path}`" for path in dict.fromkeys(files))
        named = standard(document, first=document != last)
        rows.append(f"| {named} | {linked(document, section)} | {len(files)} | {paths} |\n")
        last = document
    return HEAD + "".join(rows)


if __name__ == "__main__":
    DOCUMENT.write_text(table())
