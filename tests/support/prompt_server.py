"""A server for an application in this process that ends at once: a thousand tests start and stop one."""

import asyncio
import socket
import ssl
from itertools import count
from typing import Any

import httpx
import uvicorn

_LOOK_AGAIN_S = 0.005
_WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the system's certificates takes longer than many a test


class PromptServer(uvicorn.Server):
    """Uvicorn, without the tenths of a second that it sleeps before it looks whether it is to end, and before it ends."""

    async def main_loop(self) -> None:
        """Serve until the end is asked for."""
        for tick in count(1):
            if await self.on_tick(tick):
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests that run, then end."""
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110  (uvicorn keeps plain sets)
            await asyncio.sleep(_LOOK_AGAIN_S)
        await self.lifespan.shutdown()


def plain_client(url: str, **options: Any) -> httpx.Client:
    """Give a client of a server on the loopback address."""
    return httpx.Client(base_url=url, trust_env=False, verify=_WITHOUT_TLS, **options)
