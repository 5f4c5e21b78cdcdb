"""Bodies without a length, as a server hands them over; through a real one: tests/gateway/test_token_api.py."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from apimanager import bodies

MOST = 10


def arrived(**changes: Any) -> dict[str, Any]:
    """What the application behind sees of a POST of fifteen bytes."""
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b"x" * 15), "wsgi.input_terminated": True} | changes
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update(environ, left=environ["wsgi.input"].read())
        return []

    bodies.measured(application, most=MOST)(environ, None)
    return seen


def test_a_body_gets_its_length() -> None:
    seen = arrived(**{"wsgi.input": BytesIO(b"a=b")})

    assert (seen["CONTENT_LENGTH"], seen["left"]) == ("3", b"a=b")


def test_no_more_is_read_than_what_is_too_large() -> None:
    assert arrived()["CONTENT_LENGTH"] == str(MOST + 1)


@pytest.mark.parametrize(
    "changes", [{"CONTENT_LENGTH": "15"}, {"REQUEST_METHOD": "GET"}, {"wsgi.input_terminated": False}]
)
def test_what_has_a_length_or_no_body_or_no_end_is_left_alone(changes: dict[str, Any]) -> None:
    seen = arrived(**changes)

    assert seen.get("CONTENT_LENGTH") == changes.get("CONTENT_LENGTH")
    assert len(seen["left"]) == 15
