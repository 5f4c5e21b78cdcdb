from __future__ import annotations

import logging
import sys
from pathlib import Path

from gateway.agent import configuration, server
from gateway.agent.configuration import NotUsableError


def main(arguments: list[str]) -> int:
    """Runs until it is ended, however: whatever it has said it kept is on disk."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        if len(arguments) != 1:
            raise NotUsableError("Name the agent's file: python -m gateway.agent FILE")
        server.serve(configuration.read(Path(arguments[0])))
    except NotUsableError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
