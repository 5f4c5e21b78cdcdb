"""`python -m demo run`, and what belongs to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from demo import certificates, resetting, settings, starting, trusting
from demo.errors import DemoError


def main(words: Sequence[str] | None = None) -> int:
    chosen = arguments().parse_args(words)
    try:
        deed(chosen)
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before everything was running.")
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("run", help="start all four parts; Ctrl-C ends them")
    commands.add_parser("certificates", help="make the certificates for localhost in var/tls")
    trust = commands.add_parser("trust", help="put the certificate authority into the browsers' and the system's store")
    trust.add_argument("--remove", action="store_true", help="take it out again")
    commands.add_parser("reset", help="forget the demo's databases and pictures")
    return parser


def deed(chosen: argparse.Namespace) -> None:
    here = settings.read()
    if chosen.command == "run":
        starting.run(here)
    elif chosen.command == "certificates":
        made = certificates.ensure(here)
        print("\n".join(made) or f"The certificates in {here.tls} are current.")
    elif chosen.command == "trust":
        trusting.trust(here, remove=chosen.remove, say=print)
    else:
        resetting.reset(here, print)


if __name__ == "__main__":
    sys.exit(main())
