"""Traces reach a collector, which here is a real receiver of OTLP over HTTP."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CANARY = "hunter2"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    """Receives spans.

    Attributes:
        spans: All that came.
        raw: The same, as bytes.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/v1/traces"
        self.spans: list[Any] = []
        self.raw = b""
        self.services: set[str] = set()


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        content = gzip.decompress(content) if self.headers["Content-Encoding"] == "gzip" else content
        request = ExportTraceServiceRequest.FromString(content)
        self.server.raw += content
        for resource in request.resource_spans:
            self.server.services |= {one.value.string_value for one in resource.resource.attributes if one.key == "service.name"}
            self.server.spans += [span for scope in resource.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(10)


def test_a_request_is_a_span_with_its_transaction_and_statements(serve: Any, collector: Collector, make_pact: Any) -> None:
    broker = serve(traces_endpoint=collector.address)
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")))
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "Authorization": f"Bearer {CANARY}"}
    assert broker.http.get(f"/pacticipants/Foo?x={CANARY}", headers=headers).status_code == 200
    broker.http.get("/pacticipants/Nobody")
    broker.stop()  # what is left is sent now

    assert collector.services == {"sagapact-broker"}
    requests = {span.name for span in collector.spans if span.kind == 2}
    assert requests == {"POST /contracts/publish", "GET /pacticipants/{name}"}
    (own,) = [span for span in collector.spans if span.trace_id.hex() == TRACE and span.kind == 2]
    assert own.parent_span_id.hex() == PARENT
    attributes = {one.key: one.value for one in own.attributes}
    assert attributes["http.route"].string_value == "/pacticipants/{name}"
    assert attributes["http.response.status_code"].int_value == 200
    (transaction,) = [span for span in collector.spans if span.parent_span_id == own.span_id]
    assert transaction.name == "transaction read"
    statements = [span for span in collector.spans if span.parent_span_id == transaction.span_id]
    assert {span.name for span in statements} == {"SELECT"}
    texts = [one.value.string_value for span in statements for one in span.attributes if one.key == "db.query.text"]
    assert any("FROM pacticipants" in text for text in texts)
    assert CANARY.encode() not in collector.raw
    assert b"Nobody" not in collector.raw


def test_a_collector_that_is_away_keeps_nobody_waiting(serve: Any) -> None:
    broker = serve(traces_endpoint="http://127.0.0.1:9/v1/traces")
    assert broker.get("/pacticipants")


def test_without_an_address_nothing_of_it_is_loaded(database_url: str) -> None:
    code = (
        "import sys\nfrom saga_broker.app import create_app\nfrom saga_broker.settings import Settings\n"
        f"create_app(Settings(database_url={database_url!r})).state.database.close()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr
