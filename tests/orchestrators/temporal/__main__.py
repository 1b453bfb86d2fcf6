"""Starts the orchestrator: `python -m temporal`, with all that it needs to know in its environment."""

import os
from pathlib import Path

from aiohttp import web

from temporal.shell import Shell
from vas_client import Addresses


def main() -> None:
    """Serve until it is ended."""
    shell = Shell(Path(os.environ["DATABASE"]), Addresses.of(os.environ), naive=os.environ.get("NAIVE") == "1")
    web.run_app(shell.application(), host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)


if __name__ == "__main__":
    main()
