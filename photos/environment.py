"""Settings from the environment. A value that is not understood stops the start with one clear line."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def folder(name: str, default: Path) -> Path:
    """An absolute folder; made at its first use."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.strip() or "\0" in value:
        raise ImproperlyConfigured(f"{name} must name a folder, not {value!r}.")
    return Path(value).expanduser().resolve()


def file(name: str, default: Path) -> Path:
    """An absolute file name; the file may come later."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.strip() or "\0" in value or value.endswith("/"):
        raise ImproperlyConfigured(f"{name} must name a file, not {value!r}.")
    return Path(value).expanduser().resolve()


def url(name: str, default: str) -> str:
    """An https address without query or fragment, or an http one on the loopback interface."""
    value = os.environ.get(name, default)
    try:
        parts = urlsplit(value)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        sound = secure and bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        sound = False
    if not sound or value != value.strip():
        raise ImproperlyConfigured(f"{name} must be an https address (http only on this machine), not {value!r}.")
    return value


def secret(name: str) -> str | None:
    """A secret of 32 characters at least, or None where none is given."""
    value = os.environ.get(name)
    if value is not None and len(value) < 32:
        raise ImproperlyConfigured(f"{name} must have at least 32 characters.")
    return value


def is_traced() -> bool:
    """Whether somebody collects traces, by the variables that OpenTelemetry gives every program."""
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") for name in ("ENDPOINT", "TRACES_ENDPOINT"))
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return named and not disabled and os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "none"
