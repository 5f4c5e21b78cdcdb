"""What the gateway is told of an OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from store import resources
from store.documents import DefinitionError, Document

OAUTH = [{"oauth2": ["photos:read"]}]


def compiled(operation: dict[str, Any], **document: Any) -> resources.Resource:
    return of({"paths": {"/albums": {"get": operation}}} | document)[0]


def of(definition: dict[str, Any]) -> list[resources.Resource]:
    return resources.compiled(Document({"openapi": "3.0.3"} | definition, {}), ["10KPerMin"])


def test_every_method_of_every_path_is_a_resource() -> None:
    paths = {"/albums": {"get": {}, "post": {}, "parameters": []}, "/albums/{id}": {"delete": {}}}

    found = [(one["method"], one["path"]) for one in of({"paths": paths})]

    assert found == [("GET", "/albums"), ("POST", "/albums"), ("DELETE", "/albums/{id}")]


@pytest.mark.parametrize(
    ("security", "scopes"),
    [
        (OAUTH, ["photos:read"]),
        ([{"oauth2": ["b", "a"]}], ["a b"]),
        ([{"oauth2": ["a"]}, {"oauth2": ["b"]}, {"key": []}], ["a", "b"]),
        ([{"oauth2": []}], []),
        ([], []),
    ],
)
def test_scopes_are_alternatives(security: list[Any], scopes: list[str]) -> None:
    assert compiled({"security": security})["scopes"] == scopes


def test_security_of_the_document_holds_where_an_operation_says_nothing() -> None:
    assert compiled({}, security=OAUTH)["scopes"] == ["photos:read"]
    assert compiled({"security": [{}]}, security=OAUTH)["scopes"] == []


@pytest.mark.parametrize(
    ("operation", "auth"),
    [
        ({}, "any"),
        ({"security": []}, "none"),
        ({"x-auth-type": "None"}, "none"),
        ({"x-auth-type": "Application"}, "application"),
        ({"x-auth-type": "Application User"}, "user"),
        ({"x-auth-type": "Application & Application User"}, "any"),
        ({"x-auth-type": "Any", "security": []}, "any"),
    ],
)
def test_who_may_call_is_said_as_the_original_says_it(operation: dict[str, Any], auth: str) -> None:
    assert compiled(operation)["auth"] == auth


def test_document_without_security_opens_nothing() -> None:
    assert compiled({}, security=[])["auth"] == "any"


def test_tier_of_an_operation_is_kept() -> None:
    assert compiled({"x-throttling-tier": "10KPerMin"})["tier"] == "10KPerMin"
    assert compiled({})["tier"] == ""


@pytest.mark.parametrize(
    "security",
    [{"oauth2": ["photos:read"]}, "oauth2", None, ["oauth2"], [{"oauth2": "photos:read"}], [{"oauth2": [1]}], [None]],
)
def test_security_that_is_written_in_another_way_does_not_come_to_ask_for_nothing(security: Any) -> None:
    for described in ({"operation": {"security": security}}, {"operation": {}, "security": security}):
        with pytest.raises(DefinitionError, match="security is a list such as"):
            compiled(**described)


def declaring(scopes: Any) -> dict[str, Any]:
    return {"securitySchemes": {"oauth2": {"type": "oauth2", "flows": {"implicit": {"scopes": scopes}}}}}


@pytest.mark.parametrize(
    ("components", "sentence"),
    [
        (None, "components must be an object."),
        ([], "components must be an object."),
        ({"securitySchemes": []}, "securitySchemes must be an object."),
        ({"securitySchemes": {"oauth2": "x"}}, "oauth2 must be an object."),
        ({"securitySchemes": {"oauth2": {"flows": []}}}, "flows must be an object."),
        ({"securitySchemes": {"oauth2": {"flows": {"implicit": None}}}}, "implicit must be an object."),
        (declaring(["a"]), "scopes must be an object."),
        (declaring({"a": 5}), "The description of the scope a must be a text."),
        (declaring({'a"': "A."}), 'A scope cannot be called a".'),
        (declaring({"a" * 101: "A."}), "A scope cannot be called aaa"),
        (declaring({"apim:api_publish": "Harmless."}), "A scope of an API does not begin with apim:, claim:, device_"),
    ],
)
def test_scopes_that_cannot_be_declared_are_refused(components: Any, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        compiled({}, components=components)


def test_extensions_may_stand_among_the_flows() -> None:
    assert compiled({}, components={"securitySchemes": {"o": {"flows": {"x-note": "text"}}, "p": {"$ref": "#/x"}}})


@pytest.mark.parametrize("reference", ["#/paths/~1books~1{id}", "#/paths/~1books~1%7Bid%7D", "#/x-items/0"])
def test_reference_may_have_percent_signs_and_lead_into_a_list(reference: str) -> None:
    """RFC 6901 4 and 6: as programs write them that make one document of many."""
    item = {"get": {"security": [{"oauth": ["read"]}]}}
    definition = {"openapi": "3.1.0", "x-items": [item], "paths": {"/books/{id}": item, "/b": {"$ref": reference}}}

    found = resources.compiled(Document(definition, {}), [])

    assert [(one["path"], one["scopes"]) for one in found] == [("/books/{id}", ["read"]), ("/b", ["read"])]


@pytest.mark.parametrize("reference", ["#/x-items/1", "#/x-items/-1", "#/x-items/²", "#/x-items/0/get/0"])
def test_reference_to_what_is_not_there_leads_to_nothing(reference: str) -> None:
    definition = {"openapi": "3.1.0", "x-items": [{"get": {}}], "paths": {"/b": {"$ref": reference}}}

    with pytest.raises(DefinitionError, match="leads to nothing"):
        resources.compiled(Document(definition, {}), [])
