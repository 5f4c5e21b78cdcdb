"""Typed reading of environment variables: an ill-formed value stops the start with one clear sentence."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def boolean(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def port(name: str, default: int) -> int:
    value = integer(name, default)
    if not 0 < value < 65536:
        raise ImproperlyConfigured(f"{name} must be a port between 1 and 65535, not {value}.")
    return value


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
