"""The portal's door as granian opens it, before an application that tells what reached it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.apimanager.doors import served, until
from tests.apimanager.telling import MOST, PATIENCE

SLOW = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\ngrant"
ENDLESS = b"POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ngrant\r\n"
REQUESTS = {
    "query": b"GET /a%20b?x=%20y&z=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "path beyond ASCII": b"GET /%C3%A9 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "form": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na=b",
    "empty form": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    "no length": b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "chunks": b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    "chunks and a length": b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a type twice": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n"
    b"Content-Length: 3\r\n\r\na=b",
    "asks whether it may": b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    b"Content-Length: 3\r\n\r\na=b",
    "twice": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Twice: a\r\nx-twice: b\r\nCookie: c=1\r\ncookie: d=2\r\n\r\n",
    "not ASCII": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Name: \xc3\xa9\r\nX-Other: \t a \r\n\r\n",
    "no host": b"GET / HTTP/1.0\r\n\r\n",
    "whole address": b"GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "too large": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"fff\r\n%b\r\n0\r\n\r\n" % (b"x" * 0xFFF),
}


@pytest.fixture(scope="module")
def door() -> Iterator[int]:
    with served("rsgi", "door") as port:
        yield port


@pytest.fixture(scope="module")
def plain() -> Iterator[int]:
    with served("wsgi", "measured") as port:
        yield port


def begun(port: int, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(request)
    return connection


def reply(port: int, request: bytes, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
    with begun(port, request) as connection:
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return response, response.read()


def told(port: int, request: bytes) -> dict[str, Any]:
    response, content = reply(port, request)
    assert response.status == 200, (response.status, content)
    answer: dict[str, Any] = json.loads(content)
    return answer


def is_called(port: int, path: str) -> bool:
    """Has any of the requests so far reached the application at this path?"""
    return path in told(port, REQUESTS["query"])["calls"]


@pytest.mark.parametrize("name", REQUESTS)
def test_what_reaches_the_application_is_what_granian_hands_to_any(door: int, plain: int, name: str) -> None:
    ours, theirs = told(door, REQUESTS[name]), told(plain, REQUESTS[name])

    assert ours["environ"].pop("SERVER_PORT") == str(door)
    assert theirs["environ"].pop("SERVER_PORT") == str(plain)
    # CGI's name, which means nothing here.
    assert theirs["environ"].pop("GATEWAY_INTERFACE")
    assert ours["environ"] == theirs["environ"]
    assert ours["body"] == theirs["body"]


@pytest.mark.rfc("9112#3.2.2")
def test_a_whole_address_names_the_host_whatever_the_header_says(door: int) -> None:
    request = b"GET http://example.org:81/a HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert told(door, request)["environ"]["HTTP_HOST"] == "example.org:81"


def test_no_header_passes_for_another_by_an_underscore(door: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.2\r\n\r\n"

    assert told(door, request)["environ"]["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"


@pytest.mark.parametrize("length", [b"3, 3", b"+3", b"-3", b"3\r\nContent-Length: 4", b"9" * 30, b"x"])
def test_a_length_that_is_none_is_refused_before(door: int, length: bytes) -> None:
    response, _ = reply(door, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %b\r\n\r\na=b" % length)

    assert response.status == 400


def test_the_same_length_twice_is_one(door: int) -> None:
    length = b"Content-Length: 3\r\n"

    assert told(door, b"POST / HTTP/1.1\r\nHost: localhost\r\n%b%b\r\na=b" % (length, length))["body"] == "a=b"


@pytest.mark.parametrize("slow", [SLOW, ENDLESS])
def test_who_sends_slowly_keeps_nobody_waiting(door: int, slow: bytes) -> None:
    connections = [begun(door, slow) for _ in range(50)]
    began = time.monotonic()

    for _ in range(5):
        told(door, REQUESTS["form"])

    assert time.monotonic() - began < PATIENCE / 2
    for connection in connections:
        connection.close()


def test_who_reads_slowly_keeps_nobody_waiting(door: int) -> None:
    connections = [begun(door, b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(4)]

    assert told(door, REQUESTS["form"])["body"] == "a=b"
    for connection in connections:
        connection.close()


@pytest.mark.rfc("9110#15.5.9")
@pytest.mark.parametrize("slow", [SLOW, ENDLESS])
def test_a_body_has_its_time_to_come(door: int, slow: bytes) -> None:
    began = time.monotonic()

    with begun(door, slow.replace(b"/slow", b"/late")) as connection:
        answered = connection.recv(1000)
        rest = connection.recv(1000)

    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answered
    assert rest == b""
    assert PATIENCE <= time.monotonic() - began < PATIENCE + 5
    assert not is_called(door, "/late")


def test_what_comes_in_time_is_answered_however_it_is_cut(door: int) -> None:
    with begun(door, SLOW) as connection:
        for _ in range(5):
            time.sleep(0.1)
            connection.sendall(b"x" * 199)
        response = http.client.HTTPResponse(connection)
        response.begin()
        content = json.loads(response.read())

    assert content["body"] == "grant" + "x" * 995


@pytest.mark.rfc("9110#9.3.1")
def test_what_a_get_brings_along_is_not_waited_for(door: int) -> None:
    """nginx asks whether a call may pass (auth_request) with the call's length, and without its body."""
    content = told(door, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n")

    assert content["body"] == ""


@pytest.mark.rfc("9112#6.1")
@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked"])
def test_a_coding_that_is_not_understood_is_not_implemented(door: int, coding: bytes) -> None:
    request = REQUESTS["chunks"].replace(b"Encoding: chunked", b"Encoding: " + coding).replace(b" / ", b" /coded ")

    response, _ = reply(door, request)

    assert (response.status, response.headers["Connection"]) == (501, "close")
    assert not is_called(door, "/coded")


def test_the_name_of_a_coding_may_be_in_capitals(door: int) -> None:
    assert told(door, REQUESTS["chunks"].replace(b"chunked", b"Chunked"))["body"] == "abc"


@pytest.mark.parametrize("name", ["form", "chunks"])
def test_nothing_is_kept_of_a_request_that_is_answered(door: int, name: str) -> None:
    before = told(door, REQUESTS[name])["arrivals"]

    for _ in range(20):
        told(door, REQUESTS[name])

    assert told(door, REQUESTS[name])["arrivals"] <= before


def test_nothing_is_kept_of_a_request_that_was_given_up(door: int) -> None:
    before = told(door, REQUESTS["form"])["arrivals"]
    connections = [begun(door, slow) for slow in (SLOW, ENDLESS) for _ in range(5)]

    for connection in connections:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        connection.close()

    until(lambda: told(door, REQUESTS["form"])["arrivals"] <= before)


@pytest.mark.parametrize("slow", [SLOW, ENDLESS])
def test_nothing_is_kept_of_a_request_whose_sender_went_away(door: int, slow: bytes) -> None:
    before = told(door, REQUESTS["form"])["arrivals"]

    for _ in range(20):
        begun(door, slow).close()

    until(lambda: told(door, REQUESTS["form"])["arrivals"] <= before)


@pytest.mark.rfc("9112#8")
def test_what_is_not_here_as_a_whole_is_not_asked_of_the_application(door: int) -> None:
    begun(door, SLOW.replace(b"/slow", b"/part")).close()
    time.sleep(0.5)

    assert not is_called(door, "/part")


def test_of_what_is_too_large_no_more_is_read_than_tells_so(door: int) -> None:
    """That of chunks is among the requests above. Its length stays what it was, as by that Django refuses."""
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n"

    content = told(door, request + b"x" * (MOST + 1))

    assert content["environ"]["CONTENT_LENGTH"] == "500000"
    assert len(content["body"]) == MOST + 1


def test_the_application_is_in_one_thread_with_no_loop_around_it(door: int, plain: int) -> None:
    """As it is under WSGI: database connections are a thread's, and Django refuses to work where a loop runs."""
    contents = [told(door, REQUESTS[name]) for name in ("query", "form", "chunks")]

    assert len({content["thread"] for content in contents}) == 1
    assert {content["loop"] for content in contents} == {None}
    assert {content["policy"] for content in contents} == {told(plain, REQUESTS["query"])["policy"]}


def test_headers_that_come_twice_go_out_twice(door: int) -> None:
    response, _ = reply(door, REQUESTS["query"])

    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.rfc("9110#9.3.2")
def test_head_has_the_headers_alone(door: int) -> None:
    request = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with begun(door, request) as connection:
        content = b"".join(iter(lambda: connection.recv(1000), b""))

    assert content.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: " in content
    assert content.endswith(b"\r\n\r\n")


def test_an_answer_in_pieces_is_sent_and_closed(door: int) -> None:
    closed = told(door, REQUESTS["query"])["closed"]

    _, content = reply(door, b"GET /pieces HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert content == b"one two three"
    assert told(door, REQUESTS["query"])["closed"] == closed + 1


@pytest.mark.parametrize("length", [0, 3])
def test_a_fault_is_an_error_500_and_the_next_is_answered(door: int, length: int) -> None:
    request = b"POST /fault HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % length

    response, _ = reply(door, request + b"x" * length)

    assert response.status == 500
    assert told(door, REQUESTS["form"])["body"] == "a=b"


def over_http2(port: int, *options: str) -> tuple[str, str]:
    command = [str(shutil.which("curl")), "--silent", "--http2-prior-knowledge", "--write-out", "\n%{http_code}"]
    done = subprocess.run(
        [*command, *options, f"http://127.0.0.1:{port}/"], stdout=subprocess.PIPE, text=True, timeout=20
    )
    content, _, status = done.stdout.rpartition("\n")
    return status, content


needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl speaks HTTP/2")


@needs_curl
@pytest.mark.rfc("9113#8.1.1")
@pytest.mark.parametrize("header", ["Content-Length: 3", "Content-Length:"])
def test_a_body_over_http2_needs_no_length(door: int, header: str) -> None:
    _, content = over_http2(door, "--data", "a=b", "--header", header)

    told = json.loads(content)
    assert (told["body"], told["environ"]["CONTENT_LENGTH"]) == ("a=b", "3")
    assert told["environ"]["SERVER_PROTOCOL"] == "HTTP/2"
    assert told["environ"]["HTTP_HOST"] == f"127.0.0.1:{door}"


@needs_curl
@pytest.mark.rfc("9113#8.2.1")
def test_no_value_over_http2_begins_with_a_space(door: int) -> None:
    """Django's cookies do, and nghttp2 leaves out a header that does: who has Node could not sign in."""
    _, answered = over_http2(door, "--dump-header", "-")

    assert re.findall(r"^set-cookie: (.*?)\r?$", answered, re.MULTILINE) == ["a=1", "b=2"]


# RFC 9113 6: types of frames, flags, an error code; RFC 7541: `:status: 408`, its digits in Huffman's code.
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS = 1, 4
NO_ERROR = b"\0\0\0\0"
STATUS_408 = b"\x48\x83\x68\x0f\x7f"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"")
# :scheme: http, :path: /, :authority: localhost
ADDRESS = b"\x86\x84\x41\x09localhost"


def frames(connection: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """Type, stream, payload."""
    with connection.makefile("rb") as file:
        while head := file.read(9):
            yield head[3], int.from_bytes(head[5:], "big"), file.read(int.from_bytes(head[:3], "big"))


@pytest.mark.rfc("9113#8.1")
def test_a_body_over_http2_has_its_time_too(door: int) -> None:
    """ "A server MAY request that the client abort transmission of a request without error by sending a RST_STREAM with
    an error code of NO_ERROR after sending a complete response"."""
    slow = frame(HEADERS, END_HEADERS, 1, b"\x83" + ADDRESS) + frame(DATA, 0, 1, b"grant")  # :method: POST

    with begun(door, HELLO + slow) as connection:
        received = ((kind, payload) for kind, stream, payload in frames(connection) if stream == 1)
        kind, payload = next(received)
        end = next(received)

    assert (kind, payload[:5]) == (HEADERS, STATUS_408)
    assert end == (RST_STREAM, NO_ERROR)


@pytest.mark.rfc("9113#8.3.1")
def test_over_http2_the_authority_is_the_host_whatever_the_header_says(door: int) -> None:
    get = b"\x82" + ADDRESS + b"\x0f\x17\x0bexample.org"  # :method: GET, host: example.org

    with begun(door, HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, get)) as connection:
        content = next(payload for kind, stream, payload in frames(connection) if (kind, stream) == (DATA, 1))

    assert json.loads(content)["environ"]["HTTP_HOST"] == "localhost"
