from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from demo import ports
from demo.errors import DemoError
from demo.settings import Settings
from tests.demo.conftest import ROOT


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_free_ports_are_no_reason_to_complain(read: Callable[..., Settings]) -> None:
    ports.check(read().doors)


def test_a_busy_port_is_told_with_the_variable_that_chooses_another(read: Callable[..., Settings], busy: int) -> None:
    sentence = f"Port {busy} is in use (portal). Stop the other program or set APIM_PORTAL_PORT."

    with pytest.raises(DemoError) as refused:
        ports.check(read(APIM_PORTAL_PORT=str(busy)).doors)

    assert str(refused.value) == sentence


def test_a_port_that_is_bound_and_not_answering_is_busy(read: Callable[..., Settings]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])

        with pytest.raises(DemoError, match="is in use"):
            ports.check(read(APIM_PHOTOS_PORT=port).doors)


def test_somebody_on_the_other_loopback_address_is_in_the_way(read: Callable[..., Settings]) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener, pytest.raises(DemoError, match="is in use"):
        ports.check(read(APIM_PORTAL_PORT=str(listener.getsockname()[1]), APIM_PORTAL_HOST="localhost").doors)


def test_two_parts_cannot_have_one_port(read: Callable[..., Settings]) -> None:
    here = read()

    with pytest.raises(DemoError, match=r"asked for twice \(portal and photos\)\. Set APIM_PORTAL_PORT or"):
        ports.check(read(APIM_PHOTOS_PORT=str(here.portal.port)).doors)


def test_the_command_says_it_in_one_line_and_fails(environ: dict[str, str], busy: int) -> None:
    environment = os.environ | environ | {"APIM_GATEWAY_PORT": str(busy)}

    done = subprocess.run(
        [sys.executable, "-m", "demo", "run"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Port {busy} is in use (gateway). Stop the other program or set APIM_GATEWAY_PORT.\n"
