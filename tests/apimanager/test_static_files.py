from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

pytestmark = pytest.mark.django_db  # an answer that ends looks at the connections of whoever asked before
SCRIPT = "/static/portal/page.js"
LONG_AGO, LATER = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


def answered(method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    response: Any = Browser().generic(
        method, SCRIPT, headers={name.replace("_", "-"): headers[name] for name in headers}
    )
    content = response.getvalue()
    response.close()
    return response.status_code, response.headers, content


@pytest.fixture
def tag() -> str:
    tag: str = answered("HEAD")[1]["ETag"]
    return tag


@pytest.mark.rfc("9110#13.1.2")
@pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_somebody_has_is_not_sent_again(tag: str, method: str, written: str) -> None:
    """A proxy that compresses makes a weak tag of it."""
    status, headers, content = answered(method, if_none_match=written.format(tag))

    assert (status, headers["ETag"], content) == (304, tag, b"")
    assert "public" in headers["Cache-Control"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"if_none_match": '"other"'}, 200),
        ({"if_none_match": '"other"', "if_modified_since": LATER}, 200),
        ({"if_modified_since": LATER}, 304),
        ({"if_modified_since": LONG_AGO}, 200),
        ({"if_modified_since": "nonsense"}, 200),
        ({"if_match": '"other"'}, 412),
        ({"if_unmodified_since": LONG_AGO}, 412),
    ],
)
def test_conditions_are_those_of_the_standard(conditions: dict[str, str], expected: int) -> None:
    assert answered(**conditions)[0] == expected


@pytest.mark.rfc("9110#13.1.5")
@pytest.mark.parametrize("wanted", ["bytes=0-0", "bytes=5-", "bytes=9-0", "bytes=-0", "lines=1-2"])
def test_nobody_gets_a_part_that_does_not_fit_his_own(wanted: str) -> None:
    status, _, content = answered(range=wanted, if_range='"other"')

    assert (status, content) == (200, answered()[2])


def test_nothing_is_written_there() -> None:
    status, headers, _ = answered("POST")

    assert (status, headers["Allow"]) == (405, "GET, HEAD")
