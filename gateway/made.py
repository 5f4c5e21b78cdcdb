"""What was made of the published APIs is made once. It is known again by the very object that it was made of (which
gateway/apis.py keeps), because reckoning the hash of a thousand APIs costs more than answering with what is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from gateway.apis import PublishedApi

P = ParamSpec("P")
T = TypeVar("T")
Published = tuple[PublishedApi, ...]
MOST = 20_000


def of_all(make: Callable[[Published], T]) -> Callable[[Published], T]:
    """Remembers what it has made last."""
    held: tuple[Published, T] | None = None

    @wraps(make)
    def inner(published: Published) -> T:
        nonlocal held
        found = held
        if found is None or found[0] is not published:
            found = held = (published, make(published))
        return found[1]

    return inner


def of_each(make: Callable[Concatenate[PublishedApi, P], T]) -> Callable[Concatenate[PublishedApi, P], T]:
    """Remembers what it has made of each API."""
    held: dict[object, tuple[PublishedApi, T]] = {}

    @wraps(make)
    def inner(api: PublishedApi, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (api.id, args)
        found = held.get(key)
        if found is None or found[0] is not api:
            if len(held) >= MOST:
                held.clear()
            found = held[key] = (api, make(api, *args, **kwargs))
        return found[1]

    return inner
