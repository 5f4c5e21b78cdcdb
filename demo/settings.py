"""What the demo takes from the environment, and what it hands to each part (docs/settings.md)."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoError

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
PORTS = {"portal": 9443, "gateway": 8243, "playground": 8080, "photos": 8090}


@dataclass(frozen=True)
class Door:
    """Where a part answers: by name for people, by a loopback address for the socket."""

    part: str
    host: str
    address: str
    port: int
    url: str
    health: str = "/health"

    @property
    def variable(self) -> str:
        return f"APIM_{self.part.upper()}"


@dataclass(frozen=True)
class Settings:
    environ: Mapping[str, str]
    var: Path
    portal: Door
    gateway: Door
    playground: Door
    photos: Door

    @property
    def doors(self) -> tuple[Door, ...]:
        return (self.portal, self.gateway, self.playground, self.photos)

    @property
    def tls(self) -> Path:
        return self.var / "tls"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def photos_var(self) -> Path:
        return Path(self.environ.get("PHOTOS_VAR") or self.var / "photos")

    @property
    def playground_var(self) -> Path:
        return Path(self.environ.get("PLAYGROUND_VAR") or self.var / "playground")

    @property
    def verbose(self) -> bool:
        return self.environ.get("APIM_VERBOSE", "") not in {"", "0"}


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises DemoError, naming the variable, for a value that cannot be used."""
    var = Path(environ.get("APIM_VAR") or ROOT / "var").expanduser().absolute()
    return Settings(
        environ=environ,
        var=var,
        portal=door(environ, "portal", scheme="https"),
        gateway=door(environ, "gateway", scheme="https"),
        playground=door(environ, "playground", scheme="http", path="/playground2"),
        photos=door(environ, "photos", scheme="http", default_host="127.0.0.1"),
    )


def door(
    environ: Mapping[str, str], part: str, *, scheme: str, path: str = "", default_host: str = "localhost"
) -> Door:
    variable = f"APIM_{part.upper()}"
    host = environ.get(f"{variable}_HOST") or default_host
    number = port(f"{variable}_PORT", environ.get(f"{variable}_PORT") or str(PORTS[part]))
    url = environ.get(f"{variable}_URL") or f"{scheme}://{host}:{number}{path}"
    return Door(part, host, loopback_address(f"{variable}_HOST", host), number, url, f"{path}/health")


def port(variable: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise DemoError(f"{variable} must be a port between 1 and 65535, not {value!r}.")
    return int(value)


def loopback_address(variable: str, host: str) -> str:
    """The IPv4 loopback address of a host name. The demo's passwords are public, so it listens nowhere else."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        found = []
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    usable = [address for address in addresses if address.version == 4]
    if not usable or not all(address.is_loopback for address in addresses):
        raise DemoError(
            f"{variable}: {host!r} does not lead to this machine's loopback address, the only one the demo listens on. "
            f"Use localhost, or add the line `127.0.0.1 {host}` to /etc/hosts."
        )
    return str(usable[0])


def portal_environment(settings: Settings) -> dict[str, str]:
    """For the portal and for the gateway's bootstrap: what the user set, and demo mode around it."""
    return (
        {"APIM_DEMO": "1"}
        | dict(settings.environ)
        | {"APIM_VAR": str(settings.var), "DJANGO_SETTINGS_MODULE": "apimanager.settings", "PYTHONUNBUFFERED": "1"}
    )


def playground_environment(settings: Settings) -> dict[str, str]:
    issuer = settings.portal.url
    defaults = {
        "PLAYGROUND_VAR": str(settings.playground_var),
        "PLAYGROUND_URL": settings.playground.url,
        "PLAYGROUND_CA_FILE": str(settings.tls / "ca.pem"),
        "PLAYGROUND_ISSUER": issuer,
        "PLAYGROUND_AUTHORIZE_ENDPOINT": f"{issuer}/oauth2/authorize",
        "PLAYGROUND_TOKEN_ENDPOINT": f"{issuer}/oauth2/token",
        "PLAYGROUND_REVOKE_ENDPOINT": f"{issuer}/oauth2/revoke",
        "PLAYGROUND_LOGOUT_ENDPOINT": f"{issuer}/oauth2/logout",
        "PLAYGROUND_USERINFO_ENDPOINT": f"{issuer}/oauth2/userinfo",
        "PLAYGROUND_RESOURCE_URL": f"{settings.gateway.url}/photos/1.0",
    }
    return stranger(settings, "playground", defaults)


def photos_environment(settings: Settings) -> dict[str, str]:
    defaults = {
        "PHOTOS_VAR": str(settings.photos_var),
        "PHOTOS_ISSUER": settings.portal.url,
        "PHOTOS_JWKS_URL": f"{settings.portal.url}/oauth2/jwks",
        "PHOTOS_AUDIENCE": settings.gateway.url,
        "PHOTOS_CA_FILE": str(settings.tls / "ca.pem"),
    }
    return stranger(settings, "photos", defaults)


def stranger(settings: Settings, name: str, defaults: dict[str, str]) -> dict[str, str]:
    """The playground and the photo service are other people's sites: they are told nothing of the portal's settings."""
    theirs = {key: value for key, value in settings.environ.items() if not key.startswith("APIM_")}
    return defaults | theirs | {"DJANGO_SETTINGS_MODULE": f"{name}.settings", "PYTHONUNBUFFERED": "1"}
