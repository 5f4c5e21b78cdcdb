"""Whoever sends a request slowly keeps nobody waiting: a WSGI application gets it when it is here as a whole.

Under granian's WSGI interface a request is handed on before its body is here, and whoever reads that waits in the one
thread that there is. Under RSGI it is granian's runtime that waits for bodies.
"""

from __future__ import annotations

import os
import signal
import time
from asyncio import AbstractEventLoop, CancelledError, Handle
from collections.abc import Callable, Coroutine
from math import inf
from types import CoroutineType
from typing import Any

from granian.rsgi import Headers, HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]

from apimanager.bodies import WITH_BODY, Application
from apimanager.environs import answer, environ_of

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
Waiting = dict[Any, float]  # what is awaited, until when
LOOKING = 1.0  # seconds between two looks for those whose time is over


class Door:
    """A WSGI application as granian calls it by RSGI."""

    def __init__(self, application: Application, *, most: int, patience: float) -> None:
        """`most`: bytes of a body, more are not read; `patience`: seconds in which it has to come."""
        self.application, self.most, self.patience = application, most, patience

    def __rsgi_init__(self, loop: AbstractEventLoop) -> None:
        waiting: Waiting = {}
        go_on_in_the_thread_of_the_server(loop, waiting, self.patience)
        loop.call_soon(give_up, loop, waiting)
        loop.call_soon(end_with_parent, loop, os.getppid())

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        # The environ is made when all is here: other requests come in between, and it would be out of the caches again.
        headers = scope.headers
        length = length_of(scope.method, headers)
        if length == inf and is_of_unknown_coding(headers):
            return refuse(protocol, scope, 501)
        try:
            if not length:
                body = b""
            elif length < self.most:
                body = await protocol()
            else:
                body = await self.beginning(protocol)
        except CancelledError:
            refuse(protocol, scope, 408)
        except ProtocolClosed:
            refuse(protocol, scope, 400)
        else:
            answer(self.application, environ_of(scope, headers), protocol, body)

    async def beginning(self, protocol: HTTPProtocol) -> bytes:
        body = bytearray()
        async for piece in protocol:
            body += piece
            if len(body) >= self.most:
                break
        return bytes(body[: self.most])


def length_of(method: str, headers: Headers) -> float:
    """That of the body to wait for; infinite where its end tells it, as it does with a coding even if there is a length
    (RFC 9112 6.3).

    Content of a GET has no meaning (RFC 9110 9.3.1) and is not waited for: a gateway that asks about a call may tell
    the call's length without sending what is so long.
    """
    if method in WITHOUT_BODY:
        return 0
    length = headers.get("content-length")
    if length is None or "transfer-encoding" in headers:
        return inf if method in WITH_BODY else 0
    return int(length)


def is_of_unknown_coding(headers: Headers) -> bool:
    """gzip for example, which the server takes off no body (RFC 9112 7.2)."""
    return bool(headers.get("transfer-encoding", "chunked").lower() != "chunked")


def refuse(protocol: HTTPProtocol, scope: Scope, status: int) -> None:
    """RFC 9110 15.5.9: the connection is closed; HTTP/2 knows of no such header (RFC 9113 8.2.2)."""
    protocol.response_empty(status, [] if scope.http_version == "2" else [("Connection", "close")])


class Arrival:
    """A request whose body is waited for. What it waits for knows it, so it must not know that: the two, one of them in
    Rust, would never be collected.
    """

    __slots__ = ("coroutine", "until", "waiting")

    def __init__(self, coroutine: Coroutine[Any, None, None], waiting: Waiting, until: float) -> None:
        self.coroutine, self.waiting, self.until = coroutine, waiting, until

    def wait(self, awaited: Any) -> None:
        self.waiting[awaited] = self.until
        awaited.add_done_callback(self.go_on)

    def go_on(self, awaited: Any) -> None:
        # Whatever comes of it, and however long that takes: this is not waited for any more.
        self.waiting.pop(awaited, None)
        try:
            awaited.result()
        except BaseException as error:  # noqa: BLE001  for the coroutine, as asyncio does it
            # Kept nowhere: it knows the frames, these the body, and as long as that is kept the connection stays open.
            self.step(self.coroutine.throw, error)
            # What was awaited keeps the error, and is of Rust: what that knows is never collected (12 kB of each sender
            # who went away).
            error.__traceback__ = None
        else:
            self.step(self.coroutine.send, None)

    def step(self, resume: Callable[[Any], Any], value: Any) -> None:
        if (awaited := next_awaited(resume, value)) is not None:
            self.wait(awaited)


def next_awaited(resume: Callable[[Any], Any], value: Any) -> Any:
    """What the coroutine waits for next; None when it has ended."""
    try:
        return resume(value)
    except StopIteration:
        return None


def begin(coroutine: Coroutine[Any, None, None], waiting: Waiting, patience: float) -> None:
    if (awaited := next_awaited(coroutine.send, None)) is not None:
        Arrival(coroutine, waiting, time.monotonic() + patience).wait(awaited)


def go_on_in_the_thread_of_the_server(loop: AbstractEventLoop, waiting: Waiting, patience: float) -> None:
    """granian has a thread for Python, and in it hands each request, and each body that has come, to the event loop of
    another. That way is a seventh of what a short call costs, and Django wants no loop around it: here what would be
    handed over is done there and then, as under granian's WSGI interface.
    """
    hand_over = loop.call_soon_threadsafe

    def do(callback: Callable[..., Any], *arguments: Any, context: Any = None) -> Handle | None:
        if arguments and isinstance(arguments[0], CoroutineType):
            begin(arguments[0], waiting, patience)
        elif getattr(callback, "__func__", None) is Arrival.go_on:
            callback(*arguments)
        else:
            return hand_over(callback, *arguments, context=context)
        return None

    loop.call_soon_threadsafe = do  # type: ignore[method-assign,assignment]


def give_up(loop: AbstractEventLoop, waiting: Waiting) -> None:
    """In the thread of the event loop, which has nothing else to do."""
    now = time.monotonic()
    for awaited, until in waiting.copy().items():
        if until < now:
            awaited.cancel()
    loop.call_later(LOOKING, give_up, loop, waiting)


def end_with_parent(loop: AbstractEventLoop, parent: int) -> None:
    """A worker whose granian was killed would go on for ever, beside those of the next one: on Linux they share a port,
    and it would answer by old code and settings.
    """
    if os.getppid() == parent:
        loop.call_later(LOOKING, end_with_parent, loop, parent)
    else:
        os.kill(os.getpid(), signal.SIGTERM)
