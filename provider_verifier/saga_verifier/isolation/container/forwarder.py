"""Passes connections on to another container, where the harness cannot route to it itself (Docker Desktop, a remote engine).

Its text is handed to a `python3` in a container that is in two networks: `python3 -c TEXT LISTEN_PORT HOST PORT`. Standard
library only, never imported. The name of the other container is looked up anew for each connection.
"""

import asyncio
import contextlib
import signal
import sys

CHUNK = 65_536


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until its end."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass one connection on; drop it when the other side does not accept."""
    try:
        there, back = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
    for end in (back, writer):
        end.close()


async def main() -> None:
    """Listen until ended."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sys.exit, 0)
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))  # noqa: S104  (inside its container)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
