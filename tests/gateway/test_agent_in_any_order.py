"""Whatever goes away, comes back or is refused, in any order: Envoy ends with the newest state that it can use."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.agent import held, subscription
from gateway.agent.held import Held
from gateway.agent.kept import Kept
from gateway.agent.portal import Answer, AwayError
from gateway.agent.subscription import Subscription

TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


class World:
    """A portal that has versions, some of which no Envoy takes; an Envoy, an agent and a disk that may be away."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)  # noqa: S311
        self.newest, self.is_away, self.is_full, self.knows_why = 1, False, False, True
        self.envoy_has, self.best = "", 0
        self.agent = self.start_agent()

    def start_agent(self) -> Subscription:
        return Subscription(self.folder, "clusters", Held(self, "key"), self.diagnose)  # type: ignore[arg-type]

    def is_bad(self, version: int) -> bool:
        return version % 3 == 0

    def diagnose(self, type_url: str, content: bytes) -> str:
        bad = self.is_bad(int(json.loads(content)["version_info"]))
        return "it is bad" if bad and self.knows_why else ""

    def ask(self, method: str, path: str, body: bytes, *, hurry: bool = False) -> Answer:
        if self.is_away:
            raise AwayError("away")
        asked = json.loads(body)
        if path == held.PATH:
            [asked] = asked["questions"]
            return Answer(200, json.dumps({"new": [] if asked["response_nonce"] == str(self.newest) else [0]}).encode())
        if asked["response_nonce"] == str(self.newest):
            return Answer(304, b"")
        told = {"version_info": str(self.newest), "type_url": TYPE, "resources": []}
        return Answer(200, json.dumps(told).encode())

    def envoy_asks(self) -> None:
        question = {"version_info": self.envoy_has, "type_url": TYPE}
        # It is held for a few rounds, or not at all.
        answer = self.agent.news("/v3/discovery:clusters", question, self.random.choice([0.0, 0.0005]))
        if answer.status == 200:
            version = json.loads(answer.content)["version_info"]
            if not self.is_bad(int(version)):
                self.envoy_has = version

    def publish(self) -> None:
        self.newest += self.random.choice([1, 1, 2])

    def toggle(self, name: str) -> None:
        setattr(self, name, not getattr(self, name))

    def step(self) -> None:
        deeds: dict[Callable[[], object], int] = {
            self.envoy_asks: 12,
            self.publish: 3,
            lambda: self.toggle("is_away"): 2,
            lambda: self.toggle("is_full"): 1,
            lambda: self.toggle("knows_why"): 1,
            lambda: setattr(self, "envoy_has", ""): 1,
            lambda: setattr(self, "agent", self.start_agent()): 1,
        }
        self.random.choices(list(deeds), list(deeds.values()))[0]()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.agent.kept.os.fsync", lambda descriptor: None)
    monkeypatch.setattr(subscription, "UNSAVED_SECONDS", 0.0)
    monkeypatch.setattr(held, "PAUSE", 0.0)


@pytest.mark.parametrize("seed", range(60))
def test_in_any_order(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, seed)
    save = Kept.save

    def saved(file: Kept, version: str, content: bytes) -> None:
        if world.is_full:
            raise OSError(28, "No space left on device")
        save(file, version, content)

    monkeypatch.setattr(Kept, "save", saved)
    for _ in range(80):
        before = world.envoy_has
        world.step()
        # Nothing takes a running Envoy back to what it had before.
        assert not before or not world.envoy_has or int(world.envoy_has) >= int(before)

    # Everything is there again: a good newest state is in use after a few questions, and on the disk.
    world.is_away = world.is_full = False
    while world.is_bad(world.newest):
        world.publish()
    for _ in range(6):
        world.envoy_asks()
    assert world.envoy_has == str(world.newest)
    assert loaded(tmp_path)["version_info"] == str(world.newest)

    # A bad one, or none: a restarted Envoy without the portal has the last good one.
    world.newest += 1
    while not world.is_bad(world.newest):
        world.newest += 1
    for _ in range(world.random.randrange(6)):
        world.envoy_asks()
    world.is_away, world.agent, good = True, world.start_agent(), world.envoy_has
    world.envoy_has = ""
    for _ in range(5):
        world.envoy_asks()
    assert world.envoy_has == good


def loaded(folder: Path) -> Any:
    found = Kept(folder, "clusters.accepted").load()
    assert found
    return json.loads(found[1])
