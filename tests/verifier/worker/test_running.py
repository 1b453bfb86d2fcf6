"""A worker's way with a broker: what it does when the broker is away, says no, or gave the job to somebody else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fleet import SERVER, archive, contract, provider_file
from patience import wait_until
from saga_broker.client.jobs import JobsClient
from saga_verifier.worker import order
from saga_verifier.worker.nursing import Nursery
from saga_verifier.worker.order import Bounds
from saga_verifier.worker.running import Runner

KEY = "0" * 40
JOB = {
    "id": KEY,
    "state": "running",
    "provider": "billing",
    "providerVersion": "7",
    "consumer": "shop",
    "contentSha": "1" * 40,
    "derivation": 3,
    "priority": 1,
    "reason": "",
    "attempts": 1,
}
ANNOUNCED = {"pacticipant": "billing", "version": "7", "providerFile": provider_file("billing"), "archiveSha": "2" * 64}


class Broker:
    """As much of a broker as a worker sees, over real HTTP; `away` answers of each kind are 503 first."""

    def __init__(self, *, away: int = 0, taken: int = 200) -> None:
        self.told: dict[str, Any] = {}
        self._away: dict[str, int] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind = self.path.rpartition("/")[2]
                bodies = {"announcement": json.dumps(ANNOUNCED).encode(), "archive": archive(server__py=SERVER)}
                self._answer(kind, 200, bodies.get(kind, contract("shop", "billing")))

            def do_PUT(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                kind = "take" if "/leases/" in self.path else self.path.rpartition("/")[2]
                if self._answer(kind, taken if kind == "take" else 200, json.dumps(JOB).encode()):
                    outer.told[kind] = raw

            def _answer(self, kind: str, status: int, body: bytes) -> bool:
                outer._away[kind] = outer._away.get(kind, away) - 1
                is_away = outer._away[kind] >= 0
                self.send_response(503 if is_away else status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return not is_away

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def working(broker: Broker, **env: str) -> Iterator[Runner]:
    nursery = Nursery(env)
    try:
        with JobsClient(broker.url) as client:
            yield Runner(client, "ann", Bounds("process", 1, 120.0, env), lambda _: None, nursery)
    finally:
        nursery.close()
        broker.stop()


def test_a_broker_that_is_away_for_a_while_gets_the_result_all_the_same() -> None:
    broker = Broker(away=2)
    with working(broker) as runner:
        assert runner.verify(KEY, 1) == "kept"
    result = json.loads(broker.told["result"])
    assert (result["worker"], result["verdict"], result["verification"]["success"]) == ("ann", "kept", True)
    assert b"billing 7: kept" in broker.told["log"]


@pytest.mark.parametrize("status", [404, 409])
def test_a_job_that_is_not_to_be_taken_is_left_alone(status: int) -> None:
    broker = Broker(taken=status)
    with working(broker) as runner:
        assert runner.verify(KEY, 1) == "not to be done"
    assert "result" not in broker.told


def test_a_worker_without_room_on_its_disk_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        Path("/dev/full").write_bytes(b"x")

    monkeypatch.setattr(order, "unpack", full)
    broker = Broker()
    with working(broker) as runner:
        assert runner.verify(KEY, 1) == "could not find out"
    assert "No space left on device" in json.loads(broker.told["result"])["text"]


def test_secrets_that_are_passed_on_are_in_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    says = ["{python}", "-c", "import os; print('it is', os.environ['S'])", "{port}"]
    monkeypatch.setitem(ANNOUNCED, "providerFile", provider_file("billing", command=says, env={"S": "${CANARY}"}))
    broker = Broker()
    with working(broker, CANARY="sing-sing") as runner:
        assert runner.verify(KEY, 1) == "could not find out"
    said = b"".join(broker.told.values())
    assert b"sing-sing" not in said
    assert b"it is [redacted CANARY]" in said


def test_a_worker_that_ends_gives_up_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = provider_file("billing", command=["{python}", "-c", "import time; time.sleep(1000)", "{port}"])
    monkeypatch.setitem(ANNOUNCED, "providerFile", slow)
    broker = Broker()
    with working(broker) as runner:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(runner.verify(KEY, 1)))
        thread.start()
        wait_until(lambda: runner.at_work)
        runner.stop_all()
        runner.nursery.close()  # the process of a job may be gone before its worker looks at it again
        runner.settle()
        thread.join()
    assert found == ["given up"]
    assert "result" not in broker.told
