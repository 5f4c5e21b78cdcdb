"""A PostgreSQL server of the tests' own, in a temporary folder, reached by a socket in that folder and by nothing else.

`python -m tests.postgres` keeps one running and prints its address, for APIM_DATABASE_URL; Ctrl-C ends it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from tests import debian

PROGRAMS = ("initdb", "postgres", "pg_isready")
CREATECLUSTER = Path("/etc/postgresql-common/createcluster.conf")
STARTING = 60  # seconds it may take to start, and to stop
OWNER = "apim"


class Account(TypedDict, total=False):
    """Who a program runs as, in the words of `subprocess`; empty: as ourselves."""

    user: int
    group: int
    extra_groups: list[int]


class NoServerError(Exception):
    """There is no PostgreSQL here and none could be had; the text says why."""


@contextmanager
def cluster() -> Iterator[str]:
    """The address of a new, empty server, which ends with the block however that is left. NoServerError."""
    programs = installed() or install()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Not below TMPDIR, which may be long: the path of a socket has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="apim-postgres-", dir="/tmp"))
    try:
        account = unprivileged(folder)
        initialize(programs, folder, account)
        with serving(programs, folder, account):
            yield f"postgresql://{OWNER}@{quote(str(folder), safe='')}/apim"
    finally:
        shutil.rmtree(folder)
        signal.signal(signal.SIGTERM, before)


def installed() -> Path | None:
    """The folder that has all the programs; of several versions the newest."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: (len(str(path)), path), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*([Path(on_path).resolve().parent] if on_path else []), *versions, *told_by_pg_config()]
    return next((path for path in candidates if all((path / name).exists() for name in PROGRAMS)), None)


def told_by_pg_config() -> list[Path]:
    if shutil.which("pg_config") is None:
        return []
    told = subprocess.run(["pg_config", "--bindir"], stdout=subprocess.PIPE, text=True, check=False)
    return [Path(told.stdout.strip())] if told.returncode == 0 else []


def install() -> Path:
    """Debian's package; its programs are all that is wanted, so it is told to make no cluster of the system's."""
    if not debian.may_install():
        raise NoServerError("there is no PostgreSQL server here (Debian: apt install postgresql)")
    print("There is no PostgreSQL server here: installing one ...", flush=True)
    if not CREATECLUSTER.exists():
        CREATECLUSTER.parent.mkdir(parents=True, exist_ok=True)
        CREATECLUSTER.write_text("create_main_cluster = false\n")
    if not (debian.apt("update") and debian.get("postgresql")):
        raise NoServerError("the package postgresql could not be installed")
    if found := installed():
        return found
    raise NoServerError("the package postgresql was installed and brought no server")


def unprivileged(folder: Path) -> Account:
    """PostgreSQL refuses to run as root: the account that it runs as instead, to which the folder is given."""
    if os.geteuid() != 0:
        return {}
    known = {account.pw_name: account for account in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def initialize(programs: Path, folder: Path, account: Account) -> None:
    # Who reaches the socket is let in; nobody but this account and root can enter the folder.
    command = [f"{programs}/initdb", "--pgdata=data", f"--username={OWNER}", "--auth-local=trust", "--auth-host=reject"]
    words = ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True, check=False, **account)
    if done.returncode != 0:
        raise NoServerError(f"initdb failed: {done.stderr.strip()}")


@contextmanager
def serving(programs: Path, folder: Path, account: Account) -> Iterator[None]:
    """fsync stays on, as its default is: what a test kills, it kills in the middle of real writing."""
    command = [f"{programs}/postgres", "-D", "data", "-k", f"{folder}", "-c", "listen_addresses="]
    with (folder / "log").open("w") as log:
        # A session of its own: Ctrl-C at the terminal reaches the tests first, and the server when they have ended.
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True, **account)
    try:
        await_readiness(programs, folder, server)
        yield
    finally:
        stop(server)


def await_readiness(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    command = [f"{programs}/pg_isready", "--quiet", f"--host={folder}"]
    deadline = time.monotonic() + STARTING
    while subprocess.run(command, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoServerError(f"PostgreSQL did not start: {(folder / 'log').read_text().strip()}")
        time.sleep(0.05)


def stop(server: subprocess.Popen[bytes]) -> None:
    """First politely: SIGINT, the fast shutdown, ends connections and writes everything."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        try:
            server.wait(timeout=STARTING)
        except subprocess.TimeoutExpired:
            continue
        return


def main() -> None:
    with cluster() as address:
        print(address, flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        main()
    except NoServerError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
