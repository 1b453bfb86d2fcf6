"""Starts the orchestrator: `python -m bpmn`, with all that it needs to know in its environment."""

import os
from pathlib import Path

from aiohttp import web

from bpmn.shell import Shell
from vas_client import Addresses


def main() -> None:
    """Serve until it is ended."""
    unclear_is_error = os.environ.get("UNCLEAR_IS_ERROR") == "1"
    shell = Shell(Path(os.environ["DATABASE"]), Addresses.of(os.environ), unclear_is_error=unclear_is_error)
    web.run_app(shell.application(), host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)


if __name__ == "__main__":
    main()
