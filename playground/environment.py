"""Reads the environment; every helper raises with the variable's name when it does not understand the value."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def url(name: str, default: str) -> str:
    """An absolute http(s) address without a trailing slash, query or fragment."""
    value = os.environ.get(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be an http or https address, not {value!r}.")
    return value


def seconds(name: str, default: float) -> float:
    """A time span in seconds, more than zero."""
    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 600:
        raise ImproperlyConfigured(f"{name} must be a number of seconds from 0 to 600, not {text!r}.")
    return value


def folder(name: str, default: Path) -> Path:
    """A folder only this user can read; made when it is missing."""
    path = Path(os.environ.get(name) or default).absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be used: {error.strerror}.") from error
    return path


def private_file(path: Path) -> str:
    """A file only this user can read, made empty when it is missing; SQLite gives its side files the same mode."""
    path.touch(mode=0o600)
    return str(path)


def secret(name: str, *, kept_in: Path) -> str:
    """The signing key from the environment, else one made on the first start and kept in a file of mode 0600."""
    if name in os.environ:
        if len(os.environ[name]) < 32:
            raise ImproperlyConfigured(f"{name} must have at least 32 characters.")
        return os.environ[name]
    try:
        with open(os.open(kept_in, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass  # made by an earlier start
    return kept_in.read_text()
