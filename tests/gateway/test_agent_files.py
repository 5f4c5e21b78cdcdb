"""What the agent keeps, what it lets in, and whom it answers."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import clusters, revocations
from gateway.agent import answers, configuration, diagnosis, server
from gateway.agent.answers import UnusableError
from gateway.agent.configuration import Configuration, NotUsableError
from gateway.agent.kept import Kept, tidy
from gateway.agent.server import Agent
from tests.gateway import parts
from tests.gateway.strange_portal import PATH, ROUTES, Strange, accepted, answer, forget_connections, question

SAVING = """
import pathlib, sys
from gateway.agent.kept import Kept
file = Kept(pathlib.Path(sys.argv[1]), "x")
for number in range(10**9):
    file.save(str(number % 2), str(number % 2).encode() * 3_000_000)
    if number == 0:
        print("begun", flush=True)
"""


def test_kept_file_is_for_its_owner_only_and_read_as_written(tmp_path: Path) -> None:
    file = Kept(tmp_path / "folder", "routes ../apis")
    file.save("v1", b"\0\n{}")

    assert Kept(tmp_path / "folder", "routes ../apis").load() == ("v1", b"\0\n{}")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert file.path.parent == tmp_path / "folder"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b"state", b"stale"),
        lambda content: b"",
        lambda content: b"\0" * len(content),
        lambda content: b'{"version": 1}\n',
        lambda content: b"[]\nstate",
    ],
)
def test_spoilt_file_is_ignored_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[bytes], bytes]
) -> None:
    file = Kept(tmp_path, "x")
    file.save("v1", b"the state")
    file.path.write_bytes(spoil(file.path.read_bytes()))

    assert file.load() is None
    assert f"The state in {file.path} is ignored" in caplog.text


def test_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    for moment in range(6):
        writer = subprocess.Popen([sys.executable, "-c", SAVING, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(0.02 + moment * 0.007)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

        loaded = Kept(tmp_path, "x").load()
        assert loaded is not None
        assert loaded[1] == loaded[0].encode() * 3_000_000

    tidy(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (answer()[:-1], "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (answer(version_info=float("nan")), "no JSON"),
        (b"[]", "no answer to this question"),
        (answer(type_url=None), "no answer to this question"),
        (answer(type_url="type.googleapis.com/other"), "no answer to this question"),
        (answer(version_info=None), "no version"),
        (answer(version=""), "no version"),
        (answer(version_info=1), "no version"),
        (answer(version="x" * 65), "no version"),
        (answer(resources=None), "no resources"),
        (answer(resources={}), "no resources"),
        (answer(resources=[1]), "no resources"),
        (answer(resources=[{"name": "apis"}]), "another type"),
        (answer(resources=[]), "other resources"),
        (answer(resources=[{"@type": ROUTES, "name": "x"}]), "other resources"),
    ],
)
def test_answer_that_is_none_is_kept_out(
    agent: Agent, strange: Strange, content: bytes, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    accepted(agent)
    strange.content = content

    assert agent.discover(PATH, question("1")).status == 304
    assert agent.discover(PATH, question()).content == answer()
    assert sentence in caplog.text
    assert sentence in strange.questions[-1]["error_detail"]["message"]


def test_too_large_an_answer_is_kept_out(agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(agent)
    monkeypatch.setattr(answers, "LARGEST", 1000)
    strange.content = answer("2", more="x" * 1000)

    assert agent.discover(PATH, question("1")).status == 304
    assert agent.portal.is_away


@pytest.mark.parametrize("status", [500, 403, 302, 204])
def test_restarted_envoy_has_the_last_good_state_whatever_the_portal_says(
    agent: Agent, strange: Strange, status: int
) -> None:
    accepted(agent)
    strange.status, strange.content = status, b""
    restarted = Agent(agent.configuration)

    assert restarted.discover(PATH, question()) == (200, answer())
    assert restarted.discover(PATH, question("1")).status == 304
    forget_connections(restarted)


def test_portal_that_refuses_one_question_is_not_away(agent: Agent, strange: Strange) -> None:
    accepted(agent)
    strange.status, strange.content = 403, b'{"error": "another key"}'

    assert agent.discover(PATH, question("1")).status == 304
    assert not agent.portal.is_away
    strange.status = 304
    agent.discover(PATH, question("1"))
    assert "another key" in strange.questions[-1]["error_detail"]["message"]


def test_portal_that_hangs_is_waited_for_once(agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(agent)
    monkeypatch.setattr("gateway.agent.portal.HURRIED", 0.2)
    strange.pause = 1

    assert agent.discover(PATH, question()) == (200, answer())
    parts.seconds_until(lambda: len(strange.questions) > 2)
    assert agent.discover(PATH, question()) == (200, answer())
    assert len(strange.questions) == 3


def test_next_portal_is_asked_when_one_is_away(told: Configuration, strange: Strange) -> None:
    agent = Agent(told._replace(portals=[f"http://127.0.0.1:{parts.free_port()}", strange.url]))

    accepted(agent)

    assert agent.portal.urls[0] == strange.url
    forget_connections(agent)


def test_question_is_passed_on_without_what_the_portal_does_not_need(agent: Agent, strange: Strange) -> None:
    accepted(agent)

    assert "extensions" not in strange.questions[-1]["node"]
    assert strange.questions[-1]["node"]["metadata"] == {"key": "key"}
    assert [asked["response_nonce"] for asked in strange.questions] == ["-", "1"]


def test_newest_answer_is_tried_after_a_restart_though_no_envoy_has_said_yes(agent: Agent, strange: Strange) -> None:
    accepted(agent)
    strange.content = answer("2")
    agent.discover(PATH, question("1"))
    strange.status = 500

    restarted = Agent(agent.configuration)

    assert restarted.discover(PATH, question()) == (200, answer("2"))
    forget_connections(restarted)


def test_full_disk_does_not_make_the_portal_tell_everything_each_time(
    agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kept, "save", full)

    assert agent.discover(PATH, question()) == (200, answer())
    assert [agent.discover(PATH, question("1")).status for _ in range(3)] == [304, 304, 304]
    assert [asked["response_nonce"] for asked in strange.questions] == ["-", "1", "1", "1"]
    assert "No space left on device" in strange.questions[-1]["error_detail"]["message"]
    assert caplog.text.count("cannot be kept") == 1


def test_answer_that_envoy_takes_three_times_without_a_yes_is_refused(agent: Agent, strange: Strange) -> None:
    accepted(agent)
    strange.content = answer("2")

    told = [agent.discover(PATH, question("1")) for _ in range(5)]

    assert [one.content for one in told] == [answer("2")] * 3 + [answer(), b""]
    assert strange.questions[-1] | {"node": {}} == {
        "version_info": "1",
        "node": {},
        "resource_names": ["apis"],
        "type_url": ROUTES,
        "response_nonce": "2",
        "error_detail": {"code": 3, "message": "Envoy does not take it; its own log says why."},
    }


def test_refused_answer_is_tried_again_when_nothing_is_wrong_with_it_any_more(
    told: Configuration, strange: Strange
) -> None:
    agent, wrong = Agent(told), ["no such file"]
    agent.diagnose = lambda type_url, content: wrong[0]  # type: ignore[method-assign]
    accepted(agent)
    strange.content = answer("2")
    for _ in range(2):
        agent.discover(PATH, question("1"))
    [kind] = agent.nodes["east"].values()
    assert kind.refusal
    assert kind.refusal.reason == "no such file"

    wrong[0], kind.refusal = "", kind.refusal._replace(until=0.0)

    assert agent.discover(PATH, question("1")).content == answer("2")
    assert agent.discover(PATH, question("2")).status == 304
    forget_connections(agent)


def test_state_that_is_not_here_is_not_taken_from_an_envoy(agent: Agent, strange: Strange) -> None:
    accepted(agent)
    strange.status = 500

    assert agent.discover(PATH, question("newer, but it had no room on the disk")).status == 304


def test_envoy_that_refuses_the_newest_is_not_taken_back_behind_what_was_not_kept(
    agent: Agent, strange: Strange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    accepted(agent)
    with monkeypatch.context() as disk:
        disk.setattr(Kept, "save", full)
        strange.content = answer("2")
        assert agent.discover(PATH, question("1")) == (200, answer("2"))
    strange.content = answer("3")

    told = [agent.discover(PATH, question("2")) for _ in range(5)]

    assert [one.content for one in told] == [answer("3")] * 3 + [b""] * 2


def long_path(letters: int) -> dict[str, Any]:
    matched = {"name": ":path", "string_match": {"safe_regex": {"regex": f"/{'x' * letters}/[^/?]+"}}}
    return {"match": {"prefix": "/", "headers": [matched]}, "direct_response": {"status": 200}}


@pytest.mark.parametrize(
    ("kind", "resource", "sentence"),
    [
        (
            ROUTES,
            {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [{"match": {}}]}]},
            "path_specifier",
        ),
        (ROUTES, {"virtual_hosts": [{"name": "x", "domains": ["*", "*"]}]}, "Only a single wildcard domain"),
        (ROUTES, {"no_such_field": 1}, "no_such_field"),
        (ROUTES, {"virtual_hosts": []}, ""),
        (ROUTES, {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [long_path(400)]}]}, ""),
        (
            ROUTES,
            {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [long_path(20_000)]}]},
            "max program size",
        ),
        (clusters.TYPE_URL, {"type": "STATIC"}, ""),
        (clusters.TYPE_URL, {"type": "STATIC", "connect_timeout": "-1s"}, "Expected positive duration"),
        (revocations.TYPE_URL, {"typed_config": revocations.refusing(["jti"])}, "exact_match_map.map[0]"),
        (revocations.TYPE_URL, {"typed_config": revocations.refusing([])}, ""),
        ("type.googleapis.com/unknown", {"what": 1}, ""),
    ],
)
def test_envoy_itself_says_why(tmp_path: Path, kind: str, resource: dict[str, Any], sentence: str) -> None:
    content = json.dumps({"resources": [{"@type": kind, "name": "apis", **resource}]}).encode()

    reason = diagnosis.why_refused(parts.binary("envoy"), tmp_path, kind, content)

    assert sentence in reason
    assert bool(sentence) == bool(reason)
    assert ".json" not in reason
    assert "x-gateway" not in reason  # it repeats nothing that it was given
    assert len(reason) < 500
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("node", [None, {}, {"id": "east"}, {"metadata": {"key": "wrong"}}, {"metadata": "key"}])
def test_stranger_is_told_nothing(agent: Agent, node: Any) -> None:
    accepted(agent)

    assert agent.discover(PATH, question() | {"node": node}).status == 403


def test_files_and_gateways_are_bounded(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_NODES", 2)
    monkeypatch.setattr(server, "MOST_KINDS", 2)

    for number in range(4):
        metadata = {"key": "key"}
        agent.discover(PATH, question(node={"id": str(number), "metadata": metadata}))
        agent.discover(PATH, question(node={"id": "0", "metadata": metadata}, resource_names=[str(number)]))

    assert {name: len(kinds) for name, kinds in agent.nodes.items()} == {"0": 2, "1": 1}


class SocketConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


@pytest.fixture
def running(told: Configuration, tmp_path: Path) -> Iterator[Path]:
    """The file of an agent that runs as a process of its own."""
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({**told._asdict(), "state": str(told.state)}))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway.agent", str(file)], cwd=parts.REPOSITORY, stderr=log)
    parts.seconds_until(lambda: is_open(told))
    yield file
    process.kill()
    process.wait()


def is_open(told: Configuration) -> bool:
    """The file is there a moment before anybody is let in."""
    with socket.socket(socket.AF_UNIX) as door:
        return door.connect_ex(told.socket) == 0


def asked(told: Configuration, method: str, path: str, body: bytes | None = None) -> int:
    connection = SocketConnection(told.socket)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_door_is_for_its_owner_only_and_for_one_question(running: Path, told: Configuration) -> None:
    good = json.dumps(question()).encode()

    assert stat.S_IMODE(Path(told.socket).stat().st_mode) == 0o600
    assert asked(told, "POST", PATH, good) == 200
    assert {asked(told, "POST", PATH, body) for body in (b"", b"[]", b"{", b"[" * 99_999)} == {400}
    assert asked(told, "POST", PATH, b"{}") == 403
    assert asked(told, "POST", "/oauth2/token", good) == 400
    assert asked(told, "POST", "/v3/discovery:../x", good) == 400
    assert asked(told, "GET", PATH) == 501
    # Without a body: it is refused unread, and who still sends it may find the door closed.
    assert asked(told, "PUT", PATH) == 501


def test_second_agent_on_the_same_state_says_so_in_one_line(running: Path) -> None:
    command = [sys.executable, "-m", "gateway.agent", str(running)]

    second = subprocess.run(command, cwd=parts.REPOSITORY, capture_output=True, text=True, timeout=30)

    assert second.returncode == 1
    assert second.stderr.startswith("Another agent keeps its state in ")
    assert second.stderr.count("\n") == 1


def test_file_of_another_kind_is_told_from_that_of_the_agent(tmp_path: Path, told: Configuration) -> None:
    file = tmp_path / "envoy.json"
    file.write_text('{"static_resources": {}, "key": ""}')

    with pytest.raises(
        NotUsableError, match=r"envoy\.json cannot be used: socket, port, state, portals, .* agent\.json\.$"
    ):
        configuration.read(file)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"state": 1}', '{"state": "x", "what": 1}'])
def test_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "agent.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(NotUsableError, match=r"agent\.json cannot be used"):
        configuration.read(file)


def test_file_that_names_no_portal_is_refused(tmp_path: Path, told: Configuration) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({**told._asdict(), "state": "x", "portals": ["nowhere"]}))

    with pytest.raises(NotUsableError, match="names no portal"):
        configuration.read(file)


def test_checked_answer_may_be_large(tmp_path: Path) -> None:
    names = {hashlib.sha256(str(number).encode()).hexdigest(): {"action": {"name": "x"}} for number in range(1000)}
    content = answer(resources=[{"@type": ROUTES, "name": "apis", "map": names}])

    assert answers.version_of(content, ROUTES, ["apis"]) == "1"
    with pytest.raises(UnusableError):
        answers.version_of(content, ROUTES, ["others"])
