"""A real broker for each test: its own database, its own port, real HTTP."""

import base64
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn

from described import Interface, Watch
from patience import PATIENCE_S, wait_until
from postgres import KINDS, cluster_of
from prompt_server import PromptServer, plain_client
from saga_broker.access.rights import rights_of
from saga_broker.app import create_app
from saga_broker.client.broker import BrokerClient
from saga_broker.settings import Settings
from saga_broker.store.access import tokens as token_store
from saga_broker.store.database.engine import Database
from saga_broker.store.database.migrate import migrate
from saga_broker.store.database.types import now

ACCEPT = "application/hal+json, application/json"
VAS_PURCHASE = Path(__file__).parents[2] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"


class Broker:
    """A broker that serves in a thread, with a client that speaks JSON."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        app = create_app(settings, **options)
        prefixes = tuple(path for path in (urlsplit(url).path.rstrip("/") for url in settings.base_urls) if path)
        self.lanes = app.state.lanes
        self.relay = app.state.relay
        self.watch = Watch(app, Interface(app.openapi()), prefixes)
        config = uvicorn.Config(self.watch, log_level="warning", access_log=False, ws="none", proxy_headers=False)
        self._server = PromptServer(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.database_url = settings.database_url
        self.http = plain_client(self.url, headers={"Accept": ACCEPT}, timeout=PATIENCE_S)

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        self._socket.close()

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        return _json(self.http.get(path, params=params or None), status)

    def put(self, path: str, body: Any, status: int = 201) -> Any:
        return _json(self.http.put(path, json=body), status)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        return _json(self.http.post(path, json=body), status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        reply = self.http.patch(path, content=json.dumps(body), headers={"Content-Type": "application/merge-patch+json"})
        return _json(reply, status)

    def delete(self, path: str, status: int = 204) -> Any:
        return _json(self.http.delete(path), status)

    def publish(
        self,
        consumer: str,
        number: str,
        *pacts: tuple[str, dict[str, Any]],
        status: int = 200,
        **fields: Any,
    ) -> Any:
        """Publish pacts, given as provider and document."""
        contracts = [
            {
                "consumerName": consumer,
                "providerName": provider,
                "specification": "pact",
                "contentType": "application/json",
                "content": base64.b64encode(json.dumps(document).encode()).decode(),
            }
            for provider, document in pacts
        ]
        body = {"pacticipantName": consumer, "pacticipantVersionNumber": number, "contracts": contracts, **fields}
        return self.post("/contracts/publish", body, status)

    def verify(self, consumer: str, number: str, provider: str, version: str, *, success: bool = True) -> Any:
        """Publish a result for the pact of a consumer version."""
        pact = self.get(f"/pacts/provider/{provider}/consumer/{consumer}/version/{number}")
        link = pact["_links"]["pb:publish-verification-results"]["href"]
        return self.post(link, {"success": success, "providerApplicationVersion": version}, 201)

    def environment(self, name: str) -> str:
        """Give the uuid of an environment; make it when it is new."""
        found = self.get("/environments", name=name)["_embedded"]["environments"]
        if found:
            return str(found[0]["uuid"])
        return str(self.post("/environments", {"name": name, "production": False}, 201)["uuid"])

    def deploy(self, pacticipant: str, number: str, environment: str, **fields: Any) -> Any:
        uuid = self.environment(environment)
        return self.post(f"/pacticipants/{pacticipant}/versions/{number}/deployed-versions/environment/{uuid}", fields, 201)


def pact(consumer: str, provider: str, *descriptions: str) -> dict[str, Any]:
    """Make a small pact with one interaction for each description."""
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [
            {"description": text, "request": {"method": "GET", "path": "/"}, "response": {"status": 200}} for text in descriptions
        ],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


def _json(reply: httpx.Response, status: int) -> Any:
    assert reply.status_code == status, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text[:2000]}"
    return reply.json() if reply.content else None


POSTGRES = any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or os.environ.get("CI") == "true"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what could not be tested here."""
    if not POSTGRES:
        terminalreporter.write_line("warning: the broker was not tested on PostgreSQL, which is not installed", yellow=True)


ServeBroker = Callable[..., Broker]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once, of which every test gets a copy."""
    path = tmp_path_factory.mktemp("migrated") / "broker.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> str:
    """A PostgreSQL server of our own, with a migrated database to copy; gives its address."""
    url = cluster_of(pytestconfig).database("migrated")
    _migrate(url)
    return url.rpartition("/")[0].replace("+psycopg", "")


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], AbstractContextManager[str]]:
    """Gives the address of a fresh database of a kind."""

    @contextmanager
    def made(kind: str) -> Iterator[str]:
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("migrated"), tmp_path / "broker.sqlite")
            yield f"sqlite:///{tmp_path}/broker.sqlite"
            return
        address = request.getfixturevalue("cluster")
        name = f"test_{uuid4().hex}"
        _execute(address, f"CREATE DATABASE {name} TEMPLATE migrated_1")
        yield f"{address}/{name}"
        _execute(address, f"DROP DATABASE {name} WITH (FORCE)")

    return made


@pytest.fixture(params=KINDS if POSTGRES else KINDS[:1])
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a fresh database, of each kind in turn."""
    with fresh_database(request.param) as url:
        yield url


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _execute(address: str, statement: str) -> None:
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def serve(database_url: str) -> Iterator[ServeBroker]:
    """Start brokers with settings, or a clock, of one's own; all are stopped at the end."""
    started: list[Broker] = []

    def start(clock: Callable[[], datetime] = now, **settings: Any) -> Broker:
        made = Broker(Settings(**{"database_url": database_url, **settings}), clock=clock)
        made.start()
        started.append(made)
        return made

    yield start
    for one in started:
        one.stop()
    assert [fault for one in started for fault in one.watch.faults] == [], (
        "answers that the interface's description does not name"
    )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def make_token(database: Database) -> Callable[..., str]:
    """Make a token with rights; gives its text."""

    def made(
        *rights: str,
        name: str = "",
        pacticipants: Collection[str] | None = None,
        requests_a_minute: int | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        wish = token_store.NewToken(name or "-".join(rights), rights_of(rights), pacticipants, requests_a_minute, expires_at)
        with database.write() as connection:
            return token_store.make(connection, wish)[0]

    return made


@pytest.fixture
def guarded(serve: Any) -> Any:
    """A broker that asks for tokens."""
    return serve(tokens=True)


@pytest.fixture
def broker(serve: ServeBroker) -> Broker:
    return serve()


@pytest.fixture
def client(broker: Broker) -> Iterator[BrokerClient]:
    with BrokerClient(broker.url) as made:
        yield made


@pytest.fixture
def make_pact() -> Callable[..., dict[str, Any]]:
    return pact


@pytest.fixture(scope="session")
def make_pacts() -> Callable[..., dict[str, Any]]:
    return pact


@pytest.fixture(scope="session")
def broker_kind() -> Callable[..., Broker]:
    """Start a broker that lives longer than a test; who asks for it stops it."""

    def start(**settings: Any) -> Broker:
        made = Broker(Settings(**settings))
        made.start()
        return made

    return start


@pytest.fixture
def saga_text() -> str:
    return VAS_PURCHASE.read_text(encoding="utf-8")


@pytest.fixture
def saga_file() -> Path:
    return VAS_PURCHASE


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until
