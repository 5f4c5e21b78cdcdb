"""What Schemathesis makes of our description of the endpoints, right and wrong, is answered as the description says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import given
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.keymanager import hostile
from tests.keymanager.conftest import Registered, basic

pytestmark = pytest.mark.django_db
HELD = [
    schemathesis.checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.status_code_conformance,
]


@cache
def portal() -> Any:
    """Made once: it sets up logging, too, to write where a test writes that soon has ended."""
    return get_wsgi_application()


def from_somewhere(environ: dict[str, Any], start_response: Any) -> Any:
    """The portal, told the caller's address as by a server."""
    return portal()(environ | {"REMOTE_ADDR": "127.0.0.1"}, start_response)


@cache
def operations() -> dict[str, Any]:
    """Those that can be sent something."""
    schema = schemathesis.openapi.from_wsgi("/oauth2/openapi.json", from_somewhere)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.label: operation for operation in found if operation.body or operation.query}


@pytest.fixture
def _connected() -> Iterator[None]:
    """The test's transaction outlives a request."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def run(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @hostile.examples(3)
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        answer = case.call(headers=headers, base_url="https://localhost:9443")
        case.validate_response(answer, checks=HELD)

    holds()


@pytest.mark.usefixtures("_connected")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_described(
    mode: GenerationMode, printer: Registered, settings: Any, subtests: pytest.Subtests
) -> None:
    settings.REGISTRATION = "open"
    ours = basic(printer)

    for label, operation in operations().items():
        with subtests.test(label):
            run(operation, mode, ours if "/oauth2/" in label else {})
