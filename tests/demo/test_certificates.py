from __future__ import annotations

import datetime as dt
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from demo import authority, certificates

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
CA, SERVER = "ca.pem", "localhost.pem"


def load(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / name).read_bytes())


def ensure(folder: Path, *hosts: str, days: int = 0) -> list[str]:
    return certificates.ensure_in(folder, hosts, NOW + dt.timedelta(days=days))


def test_the_certificate_is_for_this_machine_and_the_configured_hosts(tmp_path: Path) -> None:
    ensure(tmp_path, "Portal.test")

    names = load(tmp_path, SERVER).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert [str(name.value) for name in names] == ["localhost", "127.0.0.1", "::1", "portal.test"]


def test_the_certificate_is_a_servers_and_lives_397_days(tmp_path: Path) -> None:
    ensure(tmp_path)

    server = load(tmp_path, SERVER)

    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert server.not_valid_after_utc == NOW + dt.timedelta(days=397)


def test_the_authority_lives_five_years_and_signs_no_other_authority(tmp_path: Path) -> None:
    ensure(tmp_path)

    ca = load(tmp_path, CA)

    assert ca.not_valid_after_utc == NOW + dt.timedelta(days=5 * 365)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)


def test_a_browser_accepts_the_certificate(tmp_path: Path) -> None:
    ensure(tmp_path)
    store = Store([load(tmp_path, CA)])

    verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier(x509.DNSName("localhost"))

    assert len(verifier.verify(load(tmp_path, SERVER), [])) == 2


def test_no_other_name_is_believed_of_the_authority(tmp_path: Path) -> None:
    ensure(tmp_path)
    ca = certificates.load(tmp_path / CA, tmp_path / "ca-key.pem")
    assert ca is not None
    forged = authority.make_server(ca, ["bank.example"], NOW)

    verifier = PolicyBuilder().store(Store([ca.certificate])).time(NOW).build_server_verifier(x509.DNSName("localhost"))

    with pytest.raises(VerificationError):
        verifier.verify(forged.certificate, [])


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    ensure(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "localhost.pem": 0o644, "localhost-key.pem": 0o600}


def test_a_second_time_makes_nothing(tmp_path: Path) -> None:
    ensure(tmp_path, "portal.test")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    made = ensure(tmp_path, "portal.test", days=300)

    assert made == []
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_the_certificate_is_renewed_thirty_days_before_its_end(tmp_path: Path) -> None:
    ensure(tmp_path)
    ca = load(tmp_path, CA)

    ensure(tmp_path, days=368)

    assert load(tmp_path, SERVER).not_valid_after_utc == NOW + dt.timedelta(days=368 + 397)
    assert load(tmp_path, CA) == ca


def test_a_host_that_is_gone_takes_no_new_authority(tmp_path: Path) -> None:
    ensure(tmp_path, "portal.test", "gateway.test")
    ca = load(tmp_path, CA)

    made = ensure(tmp_path, "portal.test")

    assert made == ["Made a certificate for localhost, 127.0.0.1, ::1, portal.test."]
    assert load(tmp_path, CA) == ca


def test_a_host_that_the_authority_may_not_vouch_for_takes_a_new_one(tmp_path: Path) -> None:
    ensure(tmp_path)
    ca = load(tmp_path, CA)

    made = ensure(tmp_path, "portal.test")

    assert len(made) == 2
    assert load(tmp_path, CA) != ca


def test_an_authority_near_its_end_is_replaced(tmp_path: Path) -> None:
    ensure(tmp_path)

    ensure(tmp_path, days=5 * 365 - 59)

    assert load(tmp_path, CA).not_valid_after_utc == NOW + dt.timedelta(days=2 * 5 * 365 - 59)


@pytest.mark.parametrize("damaged", ["ca.pem", "ca-key.pem", "localhost.pem", "localhost-key.pem"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damaged: str) -> None:
    ensure(tmp_path)
    (tmp_path / damaged).write_text("half a fi")

    ensure(tmp_path)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / SERVER, tmp_path / "localhost-key.pem")
    load(tmp_path, SERVER).verify_directly_issued_by(load(tmp_path, CA))


def test_a_key_of_another_certificate_is_noticed(tmp_path: Path) -> None:
    ensure(tmp_path)
    (tmp_path / "localhost-key.pem").write_bytes((tmp_path / "ca-key.pem").read_bytes())

    assert ensure(tmp_path) == ["Made a certificate for localhost, 127.0.0.1, ::1."]
