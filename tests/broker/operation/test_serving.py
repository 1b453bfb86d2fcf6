"""How a broker's process starts and stops."""

import signal
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from patience import PATIENCE_S

CANARY = "hunter2"

pytestmark = pytest.mark.slow  # processes of their own, started and ended in each way


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder}/b.sqlite"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_request_is_finished_and_new_ones_are_refused(start: Any, until: Any, tmp_path: Path, number: Any) -> None:
    broker = start(url_in(tmp_path))
    holder = sqlite3.connect(tmp_path / "b.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")  # the next write waits until this ends
    replies: list[httpx.Response] = []
    work = threading.Thread(target=lambda: replies.append(broker.http.post("/pacticipants", json={"name": "Foo"})))
    work.start()
    until(lambda: _is_busy(broker))
    idle = httpx.Client(base_url=broker.url, trust_env=False)
    idle.get("/")

    broker.process.send_signal(number)
    until(lambda: _refuses(broker.url))
    with pytest.raises(httpx.TransportError):
        idle.get("/", headers={"Connection": "close"})
    holder.execute("COMMIT")
    holder.close()
    work.join(PATIENCE_S)
    idle.close()

    assert broker.process.wait(PATIENCE_S) == 0
    assert [reply.status_code for reply in replies] == [201]
    told = [line["message"] for line in broker.lines]
    assert (told[0], told[-2:]) == ("serving", ["request", "stopped"])
    assert broker.lines[-2]["status"] == 201
    assert "stopping" in told


def test_a_request_that_never_ends_does_not_hold_up_the_stop(start: Any, until: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path))
    host, _, port = broker.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /pacticipants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        until(lambda: _is_busy(broker))
        assert broker.stop() in {0, 1}


def _is_busy(broker: Any) -> bool:
    """Tell whether the process has a connection that it works on; asking is work of its own, so the system is asked."""
    import psutil  # noqa: PLC0415

    return any(one.status == "ESTABLISHED" for one in psutil.Process(broker.process.pid).net_connections())


def _refuses(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False, timeout=PATIENCE_S)
    except httpx.TransportError:
        return True
    return False


def test_the_settings_come_from_the_environment_too(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path), SAGAPACT_BASE_URL="https://a.example https://b.example/x")
    links = broker.http.get("/", headers={"Host": "b.example", "X-Forwarded-Proto": "https"}).json()["_links"]
    assert links["self"]["href"] == "https://b.example/x"
    assert broker.http.get("/").json()["_links"]["self"]["href"] == "https://a.example"


def test_a_wrong_base_url_is_wrong_usage(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path), "--base-url", "broker.example", wait=False)
    assert broker.process.wait(PATIENCE_S) == 2
    assert "--base-url" in broker.log.read_text()


def test_a_password_on_the_command_line_is_warned_of_and_never_shown(start: Any) -> None:
    address = f"postgresql://broker:{CANARY}@127.0.0.1:1/x"
    typed = start("", "--database-url", address, wait=False)
    named = start(address, wait=False)
    assert (typed.process.wait(60), named.process.wait(60)) == (4, 4)
    assert "SAGAPACT_DATABASE_URL" in typed.log.read_text()
    assert "command line" in typed.log.read_text()
    assert "command line" not in named.log.read_text()
    for one in (typed, named):
        assert "Cannot use the database" in one.log.read_text()
        assert CANARY not in one.log.read_text()


def test_listening_for_everybody_is_warned_of(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path), "--host", "0.0.0.0")  # noqa: S104  (what the test is about)
    assert "asks for no tokens" in broker.log.read_text()


def test_the_heartbeat_answers_without_the_database(start: Any, tmp_path: Path) -> None:
    broker = start(url_in(tmp_path))
    reply = broker.http.get("/diagnostic/status/heartbeat")
    assert reply.headers["Content-Type"] == "application/hal+json"
    assert reply.json() == {"ok": True, "_links": {"self": {"href": f"{broker.url}/diagnostic/status/heartbeat"}}}
    for accept in ("*/*", "application/json", "text/html", "text/plain"):
        assert broker.http.get("/diagnostic/status/heartbeat", headers={"Accept": accept}).status_code == 200


def test_a_password_of_the_database_is_in_no_log_line_either(start: Any, cluster: str) -> None:
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE with_password")
    broker = start(cluster.replace("@", f":{CANARY}@") + "/with_password")
    broker.http.get("/diagnostic/status/dependencies")
    broker.stop()
    assert CANARY not in broker.log.read_text()
