"""A broker that holds something of everything, and its database's whole content."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, select

from saga_broker.store.database.tables import metadata

Rows = dict[str, list[dict[str, Any]]]
ACCEPT = "application/hal+json, application/json"
QUIET = {"auto_detect_main_branch": False, "use_first_tag_as_branch": False, "create_deployed_versions_for_tags": False}


@pytest.fixture
def plain_source(serve: Any, tmp_path: Path, migrated: Path) -> Any:
    """A broker on SQLite; its settings keep it from doing more than it is told, so that the import's additions would show."""
    path = tmp_path / "source.sqlite"
    path.write_bytes(migrated.read_bytes())
    return serve(database_url=f"sqlite:///{path}", **QUIET)


@pytest.fixture
def source(plain_source: Any, make_pact: Any) -> Any:
    """A broker on SQLite that is filled."""
    fill(plain_source, make_pact)
    return plain_source


@pytest.fixture
def rows() -> Callable[[str], Rows]:
    return every_row


def every_row(database_url: str) -> Rows:
    """Give the rows of all tables."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def fill(broker: Any, make_pact: Any) -> None:
    """Publish, verify, tag, deploy and release, with names and orders that are easily got wrong."""
    stage = broker.environment("stage")
    broker.post("/environments", {"name": "prod-2", "production": True, "contacts": [{"name": "x", "details": {"a": "é"}}]}, 201)
    fields = {"name": "a/b", "displayName": "A and B", "mainBranch": "trunk", "repositoryUrl": "https://git.example/x"}
    broker.post("/pacticipants", {**fields, "repositoryName": "x", "repositoryNamespace": "y"}, 201)
    broker.put("/pacticipants/a%2Fb/labels/é%20l", {}, 201)
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["t", "main"], buildUrl="http://ci/1")
    broker.publish("Foo", "2", ("Bar", make_pact("Foo", "Bar", "b")), ("a/b", make_pact("Foo", "a/b", "x")), branch="feat/x")
    broker.publish("Foo", "0", ("Bar", make_pact("Foo", "Bar", "a")), tags=["stage"])
    broker.publish("a/b", "1 é", ("Bar", {**make_pact("a/b", "Bar", "c"), "n": [1.0, 1e20, 123456789012345678901]}))
    for number in ("10", "11"):
        broker.put(f"/pacticipants/Bar/branches/main/versions/{number}", {})
    broker.put("/pacticipants/Foo/branches/main/versions/0", {})
    broker.put("/pacticipants/Foo/branches/back/versions/2", {})
    broker.put("/pacticipants/Foo/branches/back/versions/1", {})
    broker.put("/pacticipants/Bar/versions/10/tags/dev", {})
    broker.verify("Foo", "1", "Bar", "10", success=False)
    broker.verify("Foo", "1", "Bar", "10")
    broker.verify("Foo", "1", "Bar", "10")
    broker.verify("Foo", "2", "Bar", "11", success=False)
    pact = broker.get("/pacts/provider/Bar/consumer/a%2Fb/latest")
    told = {
        "success": True,
        "providerApplicationVersion": "11",
        "buildUrl": "https://ci.example/7",
        "testResults": [{"interactionId": "x", "success": True}],
        "verifiedBy": {"implementation": "é", "version": "1"},
    }
    broker.post(pact["_links"]["pb:publish-verification-results"]["href"], told, 201)
    broker.deploy("Bar", "10", "test", applicationInstance="blue")
    broker.deploy("Bar", "11", "test", applicationInstance="green")
    broker.deploy("Bar", "10", "stage")
    broker.deploy("Bar", "11", "stage")
    broker.deploy("Foo", "1", "stage", applicationInstance="")
    for number in ("1", "2"):
        broker.post(f"/pacticipants/Foo/versions/{number}/released-versions/environment/{stage}", {}, 201)
    (ended, _) = broker.get(f"/environments/{stage}/released-versions/currently-supported")["_embedded"]["releasedVersions"]
    broker.patch(f"/released-versions/{ended['uuid']}", {"currentlySupported": False})


class Between(ThreadingHTTPServer):
    """Stands before a source and answers some requests itself.

    Attributes:
        asked: How many requests came.
        instead: Is given the request's number and path; None passes it on, else it is the status and body of the answer. It may
            also raise, then the connection is broken.
        seen: The Authorization header of each request.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.http = httpx.Client(base_url=upstream, headers={"Accept": ACCEPT}, trust_env=False, timeout=60)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked = 0
        self.seen: list[str | None] = []
        self.instead: Callable[[int, str], tuple[int, bytes] | None] = lambda _number, _path: None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were broken on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: Between
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.seen.append(self.headers["Authorization"])
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content = self.server.instead(self.server.asked, self.path) or self._upstream(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/hal+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def _upstream(self, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": self.headers["Content-Type"]} if body else {}
        reply = self.server.http.request(self.command, self.path, content=body, headers=headers)
        return reply.status_code, reply.content

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def between(source: Any) -> Iterator[Between]:
    """A source with faults."""
    server = Between(source.url)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    server.http.close()
    thread.join(10)
