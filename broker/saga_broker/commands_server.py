"""The commands that run a broker."""

import os
import socket
import sys

import click
import uvicorn

from saga_broker.app import create_app
from saga_broker.client import TOKEN_VARIABLE
from saga_broker.importing import Peer, copy_all
from saga_broker.settings import DEFAULT_DATABASE_URL, Settings
from saga_contracts.errors import SagapactError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@click.group()
def broker() -> None:
    """Run a broker."""


@broker.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=9292, show_default=True, help="Port; 0 lets the system choose.")
@click.option(
    "--database-url",
    envvar="SAGAPACT_DATABASE_URL",
    default=DEFAULT_DATABASE_URL,
    show_default=True,
    help="sqlite:///file or postgresql://user@host/name; also SAGAPACT_DATABASE_URL.",
)
@click.option("--base-url", "base_urls", multiple=True, help="Address that links start with, behind a proxy; may be repeated.")
def serve(host: str, port: int, database_url: str, base_urls: tuple[str, ...]) -> None:
    """Serve the broker until it is told to stop."""
    if host not in LOOPBACK:
        click.echo(
            f"warning: the broker listens on {host} and has no authentication of its own: everybody who reaches this address can "
            "read and change everything. Put it behind a proxy that asks who is there.",
            err=True,
        )
    taken = _bind(host, port)
    settings = Settings(database_url=database_url, base_urls=tuple(url.rstrip("/") for url in base_urls))
    with taken:
        app = create_app(settings)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=10)
        server = _Server(config, f"http://{_shown(host)}:{taken.getsockname()[1]}")
        server.run(sockets=[taken])


@broker.command("import")
@click.option("--from", "source", required=True, help="Address of the broker to copy from.")
@click.option(
    "--broker-url", envvar="SAGAPACT_BROKER_URL", required=True, help="Address of this broker; also SAGAPACT_BROKER_URL."
)
def import_(source: str, broker_url: str) -> None:
    """Copy everything that another broker knows, such as a Pact Broker; its token comes from SAGAPACT_IMPORT_TOKEN."""
    token = os.environ.get("SAGAPACT_IMPORT_TOKEN")
    own = os.environ.get(TOKEN_VARIABLE)
    there = Peer(source, {"Authorization": f"Bearer {token}"} if token else None)
    here = Peer(broker_url, {"Authorization": f"Bearer {own}"} if own else None)
    try:
        done = copy_all(there, here)
    finally:
        there.close()
        here.close()
    click.echo(
        f"imported: {done.environments} new environments, {done.pacticipants} pacticipants, {done.versions} versions, "
        f"{done.pacts} pacts, {done.results} results, {done.deployments} deployments and releases"
    )
    for name in done.differing:
        click.echo(f"warning: {name} has another content sha here, so that its results were copied but are not shared", err=True)


class _Server(uvicorn.Server):
    """Says when it serves, and stops without a traceback."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            click.echo(f"broker ready at {self._address}")
            sys.stdout.flush()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        msg = f"Cannot serve on {host}:{port}: {reason}. Stop what uses the port, or choose another one with --port."
        raise SagapactError(msg) from error
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
