"""Bodies whose length is told by nobody beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def measured(application: Application, *, most: int) -> Application:
    """RFC 9112 7.1: "A recipient MUST be able to parse and decode the chunked transfer coding"; in HTTP/2 a length is
    optional (RFC 9113 8.1.1). The server has done that, but to Django what has no length is empty (PEP 3333).

    `most`: bytes, beyond which a body is too large for the application anyway; one more than that is read, no further.
    """

    def answered(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if is_unmeasured(environ):
            body = environ["wsgi.input"].read(most + 1)
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return application(environ, start_response)

    return answered


def is_unmeasured(environ: Environ) -> bool:
    """Whether there may be a body, which ends where the server says that it ends."""
    return (
        not environ.get("CONTENT_LENGTH")
        and environ["REQUEST_METHOD"] in WITH_BODY
        and bool(environ.get("wsgi.input_terminated"))
    )
