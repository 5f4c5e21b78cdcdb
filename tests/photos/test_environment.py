"""Settings that are not understood stop the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from photos import environment

DEFAULT = "https://localhost:9443"


@pytest.mark.parametrize("value", ["https://keys.example/jwks", "http://localhost:81/jwks", "https://[::1]:9443"])
def test_an_address_is_taken(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_ISSUER", value)

    assert environment.url("PHOTOS_ISSUER", DEFAULT) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "keys",
        "ftp://localhost",
        "http://keys.example",
        "https://",
        "https://a:x",
        "https://[",
        "https://a?b",
        " https://a",
    ],
)
def test_a_bad_address_stops_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_ISSUER", value)

    with pytest.raises(ImproperlyConfigured, match="PHOTOS_ISSUER must be an https address"):
        environment.url("PHOTOS_ISSUER", DEFAULT)


@pytest.mark.parametrize("reader", [environment.folder, environment.file])
def test_a_blank_place_stops_the_start(reader: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_VAR", " ")

    with pytest.raises(ImproperlyConfigured, match="PHOTOS_VAR must name a f"):
        environment.__dict__[getattr(reader, "__name__", "")]("PHOTOS_VAR", Path("x"))


def test_a_place_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_VAR", "var/here")

    assert environment.folder("PHOTOS_VAR", Path("x")).is_absolute()


def test_a_short_secret_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS_SECRET_KEY", "short")

    with pytest.raises(ImproperlyConfigured, match="32 characters"):
        environment.secret("PHOTOS_SECRET_KEY")


def test_no_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHOTOS_SECRET_KEY", raising=False)

    assert environment.secret("PHOTOS_SECRET_KEY") is None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_calls_are_traced_where_somebody_collects_traces(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert environment.is_traced() is expected
