"""What Prometheus and a balancer are told, and who else is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from apimanager import exposition, readiness
from apimanager.exposition import Family, Sample
from keymanager import signing
from keymanager.models import SigningKey
from store import usage
from store.usage import Group, Piece, Place

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db


def counted() -> None:
    hour = datetime(2026, 11, 24, 4, tzinfo=UTC)
    group = Group(hour, "/photos", "1.0", "/albums", "GET", "1", "key", "PRODUCTION", "Gold", 200, 0)
    figures = [3, 2500, 3, 1500, 10, 20, 0, 1, 2, 3, 3, 3]
    usage.record("gateway", Place("", 0), Place("file", 10), Piece({group: figures}, {}, 3, 1), behind=7)


def test_calls_are_told_as_a_histogram_in_seconds() -> None:
    counted()

    lines = Client().get("/metrics").content.decode().splitlines()

    labels = 'api="/photos",version="1.0",status="200"'
    assert "# TYPE apim_api_call_duration_seconds histogram" in lines
    assert f'apim_api_call_duration_seconds_bucket{{{labels},le="0.05"}} 1' in lines
    assert f'apim_api_call_duration_seconds_bucket{{{labels},le="+Inf"}} 3' in lines
    assert f"apim_api_call_duration_seconds_sum{{{labels}}} 2.5" in lines
    assert f"apim_api_call_duration_seconds_count{{{labels}}} 3" in lines
    assert 'apim_counter_calls_total{node="gateway"} 3' in lines
    assert 'apim_counter_waiting_bytes{node="gateway"} 7' in lines
    assert 'apim_gateway_away{node="gateway"} 1' in lines


def test_without_a_key_only_this_machine_is_told(settings: Settings) -> None:
    assert Client().get("/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 404
    assert Client(REMOTE_ADDR="").get("/metrics").status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_a_proxy_passes_on_does_not_come_from_this_machine(header: str) -> None:
    assert Client(headers={header: "192.0.2.1"}).get("/metrics").status_code == 404


def test_with_a_key_whoever_shows_it_is_told(settings: Settings) -> None:
    settings.METRICS_KEY = "scrape-me"

    assert Client().get("/metrics").status_code == 404
    assert Client(headers={"Authorization": "Bearer é"}).get("/metrics").status_code == 404
    remote = Client(REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer scrape-me"})
    assert remote.get("/metrics").status_code == 200


def test_labels_are_escaped() -> None:
    family = Family("a", "gauge", "b", [Sample({"c": 'x"\\\n'}, 0.25)])

    assert exposition.text([family]).splitlines()[-1] == 'a{c="x\\"\\\\\\n"} 0.25'


def test_ready_with_database_migrations_and_key() -> None:
    answer = Client().get("/ready")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": []})


def missing() -> Any:
    answer = Client().get("/ready")
    assert answer.status_code == 503
    return answer.json()["missing"]


def test_not_ready_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("no")

    monkeypatch.setattr(readiness, "problems", away)

    assert missing() == ["database"]


def test_not_ready_before_the_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_migrated", False)
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *args: ["0001_initial"])

    assert missing() == ["migrations"]


@pytest.fixture
def sealed_elsewhere() -> Iterator[None]:
    """The signing key is sealed with a secret that this process does not have."""
    signing.forget()
    signing.keys()
    SigningKey.objects.update(sealed_private_key=b"\0" * 100)
    signing.forget()
    yield
    signing.forget()


def test_not_ready_without_the_secret_of_the_key(sealed_elsewhere: None) -> None:
    assert missing() == ["signing key"]
