"""The certificates in var/tls: made when missing, kept as long as they serve."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from demo import authority, files
from demo.authority import Pair
from demo.settings import Settings

CA, CA_KEY = "ca.pem", "ca-key.pem"
SERVER, SERVER_KEY = "localhost.pem", "localhost-key.pem"


def ensure(settings: Settings) -> list[str]:
    """Makes what is missing, damaged, about to expire or for other names. Returns a sentence for each thing made."""
    return ensure_in(settings.tls, {settings.portal.host, settings.gateway.host}, dt.datetime.now(dt.UTC))


def ensure_in(folder: Path, hosts: Iterable[str], now: dt.datetime) -> list[str]:
    hosts = sorted(hosts)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    ca = load(folder / CA, folder / CA_KEY)
    if ca is None or not authority.vouches_for(ca, hosts, now):
        ca = authority.make_authority(hosts, now)
        store(ca, folder / CA, folder / CA_KEY)
        made.append(f"Made a certificate authority of your own: {folder / CA} (`make trust` tells your browser).")
    server = load(folder / SERVER, folder / SERVER_KEY)
    if server is None or not authority.is_current(server, ca, hosts, now):
        store(authority.make_server(ca, hosts, now), folder / SERVER, folder / SERVER_KEY)
        made.append(f"Made a certificate for {', '.join(authority.with_local(hosts))}.")
    return made


def load(certificate: Path, key: Path) -> Pair | None:
    """None when there is none, or none that can be used: then another is made."""
    try:
        return Pair.parse(certificate.read_bytes(), key.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def store(pair: Pair, certificate: Path, key: Path) -> None:
    files.replace(key, pair.key_pem, 0o600)
    files.replace(certificate, pair.certificate_pem, 0o644)
