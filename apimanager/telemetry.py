"""Where traces go, by the variables that OpenTelemetry gives every program (docs/tracing.md). Nothing is imported of it
here: without a collector no part loads or does anything of the kind."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from apimanager import environment as env

ALWAYS, NEVER, RATIO = "always_on", "always_off", "traceidratio"


class Collector(NamedTuple):
    """`url`: where traces are posted; `ratio`: of the calls that come without a decision, how many are traced."""

    url: str
    headers: dict[str, str]
    ca_file: str
    ratio: float
    delay: int  # milliseconds that spans may wait to be sent together


def collector() -> Collector | None:
    """None: no traces. OpenTelemetry Protocol Exporter specification, "Endpoint URLs for OTLP/HTTP"."""
    base = env.text("OTEL_EXPORTER_OTLP_ENDPOINT")
    url = env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or (f"{base.rstrip('/')}/v1/traces" if base else "")
    if not url or env.boolean("OTEL_SDK_DISABLED") or env.text("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return None
    check_address(url)
    protocol = env.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or env.text("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol not in {"", "http/protobuf"}:
        raise ImproperlyConfigured(f"OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, not {protocol!r}.")
    return Collector(
        url=url,
        headers=headers(env.text("OTEL_EXPORTER_OTLP_HEADERS")),
        ca_file=env.text("OTEL_EXPORTER_OTLP_CERTIFICATE"),
        ratio=ratio(),
        delay=env.integer("OTEL_BSP_SCHEDULE_DELAY", 5000),
    )


def check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        sound = False
    if not sound:
        raise ImproperlyConfigured(f"OTEL_EXPORTER_OTLP_ENDPOINT must be like http://127.0.0.1:4318, not {url!r}.")


def headers(text: str) -> dict[str, str]:
    """The key of a collector that asks for one: name=value,name=value, percent-encoded (W3C Baggage)."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(name.strip() and separator for name, separator, _ in pairs):
        raise ImproperlyConfigured("OTEL_EXPORTER_OTLP_HEADERS must be like name=value,name=value.")
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


def ratio() -> float:
    """A decision that came with the call is kept with every sampler."""
    name = env.text("OTEL_TRACES_SAMPLER") or f"parentbased_{ALWAYS}"
    kind = name.removeprefix("parentbased_")
    if kind not in {ALWAYS, NEVER, RATIO}:
        names = ", ".join(f"parentbased_{one}" for one in (ALWAYS, NEVER, RATIO))
        raise ImproperlyConfigured(f"OTEL_TRACES_SAMPLER must be one of {names}, not {name!r}.")
    if kind != RATIO:
        return float(kind == ALWAYS)
    argument = env.text("OTEL_TRACES_SAMPLER_ARG") or "1.0"
    try:
        value = float(argument)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ImproperlyConfigured(f"OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not {argument!r}.")
    return value
