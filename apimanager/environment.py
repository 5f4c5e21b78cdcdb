"""Typed reading of environment variables: an ill-formed value stops the start with one clear sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """A variable that is empty is one that is not set, as compose files write it."""
    return os.environ.get(name) or default


def boolean(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int, least: int = 0) -> int:
    written = os.environ.get(name)
    if written is None:
        return default
    try:
        value = int(written)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {written!r}.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}.")
    return value


def port(name: str, default: int) -> int:
    value = integer(name, default)
    if not 0 < value < 65536:
        raise ImproperlyConfigured(f"{name} must be a port between 1 and 65535, not {value}.")
    return value


def port_or_none(name: str) -> int:
    """0, the default, for none."""
    value = integer(name, 0)
    if value > 65535:
        raise ImproperlyConfigured(f"{name} must be 0 or a port up to 65535, not {value}.")
    return value


def host(name: str, default: str) -> str:
    """A name or an address, without scheme and port; IPv6 in brackets."""
    value = text(name, default)
    if not re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", value, re.ASCII):
        raise ImproperlyConfigured(f"{name} must be a host such as api.example.com, not {value!r}.")
    return value


def https(host: str, port: int) -> str:
    """As browsers and clients write it (RFC 9110 4.2.3: the default port is left out)."""
    return f"https://{host}" if port == 443 else f"https://{host}:{port}"


def url(name: str, default: str) -> str:
    """An absolute address without a slash at its end: paths are put behind it."""
    return address(name, text(name, default))


def urls(name: str) -> list[str]:
    """With spaces in between."""
    return [address(name, value) for value in text(name).split()]


def address(name: str, written: str) -> str:
    value = written.rstrip("/")
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "?" in value or "#" in value:
        raise ImproperlyConfigured(f"{name} must be an http or https address, not {value!r}.")
    return value


def database(name: str, default: str) -> dict[str, Any]:
    """As Django describes a database. What was given may hold a password, so no message repeats it."""
    given = text(name, default)
    ill_formed = f"{name} must be like postgres://user:password@host/name or sqlite:////folder/file."
    if not given.startswith(("postgres://", "postgresql://", "sqlite://")):
        raise ImproperlyConfigured(ill_formed)
    try:
        described: dict[str, Any] = dict(dj_database_url.parse(given, conn_max_age=600, conn_health_checks=True))
    except ValueError:
        raise ImproperlyConfigured(ill_formed) from None
    if not described["NAME"] and "service" not in described.get("OPTIONS", {}):
        raise ImproperlyConfigured(ill_formed)
    return described


def private_file(path: str) -> None:
    """Makes SQLite's file, empty, for this user alone; side files get the same mode. Sessions and checksums are nobody
    else's on a machine with several users. A folder that is missing is not ours to make."""
    if path != ":memory:" and Path(path).parent.is_dir():
        Path(path).touch(mode=0o600)


def redis(name: str) -> str:
    """Empty where there is none. It may hold a password, so no message repeats it."""
    given = text(name)
    if given and not re.fullmatch(
        r"rediss?://([^/@]*@)?([^/@:?]+|\[[^]]+\])(:\d{1,5})?(/\d*)?(\?.*)?|unix://.+", given
    ):
        raise ImproperlyConfigured(f"{name} must be like redis://host:6379/0.")
    return given


def file(name: str) -> str:
    """Empty where none is named."""
    given = text(name)
    if given and not Path(given).is_file():
        raise ImproperlyConfigured(f"{name} names no file.")
    return given


def service(name: str) -> str:
    """An address of a service with its port, without a path; empty when it is not set."""
    value = text(name)
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.-]+:\d{1,5}", value):
        raise ImproperlyConfigured(
            f"{name} must be an address such as http://ratelimit.example:8081, and is {value!r}."
        )
    return value


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def mail_server(name: str) -> tuple[str, int, str, str, bool]:
    """Host, port, user, password, and whether TLS comes first: smtp:// upgrades to TLS (587), smtps:// begins with it
    (465). Mails carry links that set passwords, so there is no way without."""
    ill_formed = f"{name} must be like smtp://user:password@host:587 or smtps://user:password@host:465."
    parts = urlsplit(text(name))
    first = parts.scheme == "smtps"
    try:
        port = parts.port or (465 if first else 587)
    except ValueError:
        raise ImproperlyConfigured(ill_formed) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(ill_formed)
    return parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), first
