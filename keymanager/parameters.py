from __future__ import annotations

from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, QueryDict

from keymanager import errors

# RFC 8707 2 and RFC 8693 2.1: the parameters that may come several times.
REPEATABLE = frozenset({"resource", "audience"})
FORM = "application/x-www-form-urlencoded"
UTF_8 = (None, "utf-8", "UTF-8")


def of_body(request: HttpRequest) -> dict[str, str]:
    """RFC 6749 3.2 and appendix B. What an ordinary form says needs no QueryDict, which takes longer to make than all
    else that is done with it; what is not ordinary is left to Django."""
    if (request.method, request.content_type) != ("POST", FORM) or request.encoding not in UTF_8:
        return single_valued(request.POST)
    try:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=most)
    except ValueError:
        return single_valued(request.POST)
    single = dict(pairs)
    return given(single) if len(single) == len(pairs) else single_valued(request.POST)


def single_valued(received: QueryDict) -> dict[str, str]:
    """RFC 6749 3.1 and 3.2: parameters must not come more than once.

    Of those that may come several times the values are joined by spaces, which no URI holds.
    """
    for name, values in received.lists():
        if len(values) > 1 and name not in REPEATABLE:
            raise errors.InvalidRequest("Invalid request with repeated parameters.", detail=name)
    return given({name: " ".join(map(str, values)) for name, values in received.lists()})


def given(parameters: dict[str, str]) -> dict[str, str]:
    """RFC 6749 3.1 and 3.2: those without a value are as if left out."""
    # A NUL is a character no parameter has, and one that PostgreSQL cannot even be asked about.
    if any("\x00" in name or "\x00" in value for name, value in parameters.items()):
        raise errors.InvalidRequest("A parameter holds a character that is not allowed.", detail="NUL")
    return {name: value for name, value in parameters.items() if value}
