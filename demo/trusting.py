"""`python -m demo trust`: tells this machine's browsers and programs to believe the demo's certificate authority."""

from __future__ import annotations

from collections.abc import Callable

from demo import certificates, nss, system_store
from demo.machine import Machine
from demo.settings import Settings


def trust(settings: Settings, *, remove: bool, say: Callable[[str], None], machine: Machine | None = None) -> None:
    """Says for each store what was done, or exactly how a person does it."""
    machine = machine or Machine()
    if remove:
        done = [*nss.distrust(machine), system_store.distrust(machine)]
    else:
        ca = settings.tls / certificates.CA
        done = [*certificates.ensure(settings), *nss.trust(machine, ca), system_store.trust(machine, ca)]
        done.append(f"Other programs: curl --cacert {ca}, or SSL_CERT_FILE={ca}.")
        done.append("It cannot vouch for any other host name. `python -m demo trust --remove` undoes this.")
    for sentence in done:
        say(sentence)
