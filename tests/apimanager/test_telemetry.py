"""Where traces go, by OpenTelemetry's own variables; what cannot be understood stops the start in one sentence."""

from __future__ import annotations

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from apimanager import telemetry

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318/"}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def collector(monkeypatch: pytest.MonkeyPatch, **variables: str) -> telemetry.Collector | None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return telemetry.collector()


@pytest.mark.parametrize(
    "variables",
    [{}, {**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}],
)
def test_without_an_endpoint_there_is_no_collector(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    assert collector(monkeypatch, **variables) is None


def test_endpoint_is_the_base_and_that_of_traces_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example/in"}
    base, other = collector(monkeypatch, **ENDPOINT), collector(monkeypatch, **whole)

    assert base
    assert other
    assert (base.url, other.url) == ("http://127.0.0.1:4318/v1/traces", "https://collector.example/in")


def test_headers_are_read_as_they_are_written_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    found = collector(monkeypatch, **ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS="API-Key=a%3Db, tenant=one")

    assert found
    assert found.headers == {"api-key": "a=b", "tenant": "one"}


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("", "", 1), ("parentbased_always_on", "", 1), ("always_off", "", 0), ("parentbased_always_off", "0.5", 0),
        ("traceidratio", "0.25", 0.25), ("parentbased_traceidratio", "", 1),
    ],
)  # fmt: skip
def test_sampler_says_how_many(monkeypatch: pytest.MonkeyPatch, sampler: str, argument: str, ratio: float) -> None:
    found = collector(monkeypatch, **ENDPOINT, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)

    assert found
    assert found.ratio == ratio


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:password@127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
    ],
)
def test_what_cannot_be_understood_is_said_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    variables = {**ENDPOINT, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1", name: value}

    with pytest.raises(ImproperlyConfigured, match=name):
        collector(monkeypatch, **variables)
