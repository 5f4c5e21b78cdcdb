from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from demo.errors import DemoError
from demo.settings import Door


def check(doors: Iterable[Door]) -> None:
    """Raises DemoError for the first port that cannot be had, with the variable that chooses another."""
    taken: dict[tuple[str, int], Door] = {}
    for door in doors:
        if other := taken.get((door.address, door.port)):
            sentence = f"Port {door.port} is asked for twice ({other.part} and {door.part})."
            raise DemoError(f"{sentence} Set {other.variable}_PORT or {door.variable}_PORT.")
        taken[door.address, door.port] = door
        check_door(door)


def check_door(door: Door) -> None:
    # Browsers take a host name to ::1 as well: whoever listens there would be asked instead of us.
    addresses = [door.address] if door.host == door.address else [door.address, "::1"]
    if any(answers(address, door.port) for address in addresses) or not can_listen(door):
        sentence = f"Port {door.port} is in use ({door.part})."
        raise DemoError(f"{sentence} Stop the other program or set {door.variable}_PORT.")


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def can_listen(door: Door) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # A port that was in use until a moment ago (TIME_WAIT) is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((door.address, door.port))
        except PermissionError:
            sentence = f"Port {door.port} needs more rights than this user has ({door.part})."
            raise DemoError(f"{sentence} Set {door.variable}_PORT to 1024 or more.") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise DemoError(f"{door.address}:{door.port} ({door.part}): {error.strerror}.") from error
            return False
    return True
