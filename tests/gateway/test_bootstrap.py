from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from gateway import assertion_filters, bootstrap, envoy_admin, faults, filters, node_key, routes
from gateway.agent import configuration
from tests.gateway import certificates

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.fixture
def file(settings: Settings, tmp_path: Path) -> Path:
    certificates.write(tmp_path / "tls")
    settings.TLS_CA_FILE = tmp_path / "tls" / "ca.pem"
    settings.GATEWAY_STATE = tmp_path / "gateway"
    return tmp_path / "gateway" / "envoy.json"


def written(file: Path, *options: str) -> dict[str, Any]:
    call_command("write_envoy_bootstrap", "--output", str(file), *options)
    return dict(json.loads(file.read_text()))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_bootstrap_and_key_are_for_their_owner_only(file: Path) -> None:
    config = written(file)

    assert config["node"]["metadata"]["key"] == node_key.path().read_text()
    assert {mode(path) for path in (file, node_key.path(), file.with_name("agent.json"))} == {0o600}
    assert sorted(path.name for path in file.parent.iterdir()) == ["agent.json", "calls", "envoy.json", "key"]


def test_key_stays_when_the_bootstrap_is_written_again(file: Path) -> None:
    assert written(file)["node"] == written(file)["node"]


def test_key_is_not_replaced_by_a_second_writer(file: Path) -> None:
    key = node_key.ensure()

    node_key.create()

    assert node_key.ensure() == key


def test_gateway_listens_on_loopback_unless_told(file: Path) -> None:
    def listening(config: dict[str, Any]) -> str:
        return str(config["static_resources"]["listeners"][0]["address"]["socket_address"]["address"])

    assert listening(written(file)) == "127.0.0.1"
    assert listening(written(file, "--listen", "192.0.2.1")) == "192.0.2.1"


def test_gateway_listens_on_an_address_and_not_on_a_name(file: Path) -> None:
    with pytest.raises(CommandError, match="invalid ip_address value"):
        written(file, "--listen", "gateway.example")

    assert not file.exists()


def test_admin_interface_is_a_file_of_its_owner_unless_told(
    file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = file.parent / "calls" / "gateway.admin"
    monkeypatch.setattr(envoy_admin, "LONGEST_PATH", len(str(socket)))
    assert written(file)["admin"]["address"]["pipe"] == {"path": str(socket), "mode": 0o600}

    monkeypatch.setattr(envoy_admin, "LONGEST_PATH", len(str(socket)) - 1)
    assert "admin" not in written(file)

    settings.GATEWAY_ADMIN_PORT = 9901

    address = written(file)["admin"]["address"]["socket_address"]
    assert address == {"address": "127.0.0.1", "port_value": 9901}


def test_portal_is_asked_under_a_host_it_knows(file: Path, settings: Settings) -> None:
    portal = written(file)["static_resources"]["clusters"][0]

    assert portal["name"] == "localhost:9443"
    assert portal["name"].partition(":")[0] in settings.ALLOWED_HOSTS


def test_missing_certificate_is_told(file: Path, settings: Settings) -> None:
    (settings.TLS_CA_FILE.parent / "localhost.pem").unlink()

    with pytest.raises(CommandError, match=r"localhost\.pem is missing"):
        written(file)


def test_every_fault_has_a_code_and_a_sentence() -> None:
    for fault in faults.FAULTS:
        assert fault.status in {400, 401, 403, 429, 502, 503, 504}
        assert fault.code == fault.status or fault.code > 100000
        assert fault.description.endswith((".", '"'))


def test_every_401_has_a_challenge() -> None:
    unauthorized = [fault for fault in faults.FAULTS if fault.status == 401 and "'DPoP'" not in fault.when]

    assert all(fault.headers["www-authenticate"].startswith("Bearer ") for fault in unauthorized)


def test_state_folder_that_lies_too_deep_for_a_socket_is_told(file: Path, settings: Settings) -> None:
    settings.GATEWAY_STATE = file.parent / ("x" * 100)

    with pytest.raises(CommandError, match="set APIM_GATEWAY_AGENT_PORT"):
        written(file)

    settings.GATEWAY_AGENT_PORT = 4321
    [place] = written(file)["static_resources"]["clusters"][1]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert place["endpoint"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 4321}
    assert json.loads(file.with_name("agent.json").read_text())["port"] == 4321


def test_agent_s_file_is_one_that_the_agent_reads(file: Path, settings: Settings) -> None:
    settings.GATEWAY_PORTALS = ["https://one.example", "https://two.example:9443"]
    written(file)

    told = configuration.read(file.with_name("agent.json"))

    assert told.portals == settings.GATEWAY_PORTALS
    assert told.key == node_key.path().read_text()
    assert Path(told.envoy).exists()


def test_no_caller_can_say_what_the_filters_tell_each_other() -> None:
    told = [filters.EXCHANGED, assertion_filters.API, routes.PROOF, *filters.REVOCABLE.values(), *routes.FORWARDED]

    assert all(header.startswith(bootstrap.STRIPPED_BEGINNINGS) for header in told)
