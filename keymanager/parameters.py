from __future__ import annotations

from django.http import QueryDict

from keymanager import errors

# RFC 8707 2 and RFC 8693 2.1: the parameters that may come several times.
REPEATABLE = frozenset({"resource", "audience"})


def single_valued(received: QueryDict) -> dict[str, str]:
    """RFC 6749 3.1 and 3.2: parameters must not come more than once; those without a value are as if left out.

    Of those that may come several times the values are joined by spaces, which no URI holds.
    """
    for name, values in received.lists():
        if len(values) > 1 and name not in REPEATABLE:
            raise errors.InvalidRequest("Invalid request with repeated parameters.", detail=name)
    # A NUL is a character no parameter has, and one that PostgreSQL cannot even be asked about.
    single = {name: " ".join(map(str, values)) for name, values in received.lists()}
    if any("\x00" in text for pair in single.items() for text in pair):
        raise errors.InvalidRequest("A parameter holds a character that is not allowed.", detail="NUL")
    return {name: value for name, value in single.items() if value}
