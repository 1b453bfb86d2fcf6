"""Load test of the reference saga service: sagas a second, and how long one takes, by database and number of processes.

    PYTHONPATH=tests/support python -m tests.benchmarks.saga_service [--sagas 200] [--processes 1 2 4]
        [--database sqlite postgresql] [--at-once 32] [--json FILE]

A saga has three steps one after another, at a participant that answers at once. Times are those of the service's own records:
from a saga's creation to its end, in milliseconds; the rate is from the first creation to the last end. The participant and the
driver run in this process, on the same machine: the figures are for comparing, not for planning.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from postgres import new_cluster
from saga_verifier.isolation.process.ports import Reservation

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0
_STEPS = ("hold", "book", "pack")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run came to; times in milliseconds."""

    database: str
    processes: int
    sagas: int
    per_second: float
    p50_ms: float
    p99_ms: float


def definition() -> dict[str, Any]:
    """Give the saga that is run."""

    def call(method: str, path: str, replies: dict[str, Any]) -> dict[str, Any]:
        return {"request": {"method": method, "path": path, "headers": {"Key": "{key}"}}, "replies": replies}

    done = {"done": {"status": 200, "body": {"state": "done"}}}
    steps = [
        {
            "step": name,
            "participant": "partner",
            "class": "compensatable",
            "after": list(_STEPS[max(0, number - 1) : number]),
            "forward": call("POST", f"/{name}", done | {"suspended": {"status": 409}, "refused": {"status": 422}}),
            "compensate": call("POST", f"/{name}/undo", {"done": {"status": 200}}),
        }
        for number, name in enumerate(_STEPS)
    ]
    payload = {"schema": {"type": "object"}, "example": {"order": "o"}}
    return {"format": 1, "saga": "load", "owner": "partner", "level": 1, "payload": payload, "steps": steps}


@contextlib.contextmanager
def participant() -> Iterator[str]:
    """Run a participant that answers every call at once; gives its address."""
    loop, body = asyncio.new_event_loop(), b'{"state": "done"}'
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                _, _, length = head.partition(b"content-length:")
                await reader.readexactly(int(length.split(b"\r\n")[0]) if length else 0)
                writer.write(reply)
                await writer.drain()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@contextlib.contextmanager
def services(count: int, urls: dict[str, str], partner: str) -> Iterator[list[str]]:
    """Run processes of the service on one database; gives their addresses."""
    ports = [Reservation() for _ in range(count)]
    common = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT / "e2e"), str(ROOT / "contracts")]),
        "SAGA_PARTICIPANTS": json.dumps({"partner": partner}),
        **urls,
    }
    command = [sys.executable, "-m", "saga_service"]
    started = [subprocess.Popen(command, env={**common, "PORT": str(port.port)}) for port in ports]
    try:
        addresses = [f"http://127.0.0.1:{port.port}" for port in ports]
        for address in addresses:
            _until_ready(address)
        yield addresses
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        for port in ports:
            port.release()


def measured(database: str, count: int, sagas: int, at_once: int) -> Figures:
    """Run so many sagas on so many processes, and give the figures."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        names = ("sagas", "system")
        if database == "sqlite":
            own, system = (f"sqlite:///{folder}/{name}.sqlite" for name in names)
        else:
            cluster = stack.enter_context(contextlib.closing(new_cluster()))
            own, system = (cluster.database(name) for name in names)
        partner = stack.enter_context(participant())
        urls = {"DATABASE_URL": own, "SYSTEM_DATABASE_URL": system}
        addresses = stack.enter_context(services(count, urls, partner))
        asyncio.run(_create_all(addresses, sagas, at_once))
        return _figures(database, count, _times(own, sagas))


async def _create_all(addresses: Sequence[str], sagas: int, at_once: int) -> None:
    turn = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(trust_env=False, timeout=READY_WITHIN_S) as http:
        (await http.put(f"{addresses[0]}/definitions/load", json=definition())).raise_for_status()

        async def create(number: int) -> None:
            body = {"saga": "load", "request_id": f"r{number}", "payload": {"order": f"o{number}"}}
            async with turn:
                (await http.post(f"{addresses[number % len(addresses)]}/sagas", json=body)).raise_for_status()

        await asyncio.gather(*(create(number) for number in range(sagas)))


def _times(url: str, sagas: int) -> list[tuple[float, float]]:
    """Wait for the end of all sagas; gives when each began and ended."""
    engine = create_engine(url)
    try:
        while True:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT created_at, updated_at FROM sagas WHERE state = 'committed'")).all()
            if len(rows) == sagas:
                return [(row.created_at, row.updated_at) for row in rows]
            time.sleep(0.1)
    finally:
        engine.dispose()


def _figures(database: str, count: int, times: list[tuple[float, float]]) -> Figures:
    took_ms = sorted((end - begin) * 1000 for begin, end in times)
    span_s = max(end for _, end in times) - min(begin for begin, _ in times)
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[min(len(took_ms) - 1, len(took_ms) * 99 // 100)]
    return Figures(database, count, len(times), round(len(times) / span_s, 1), round(p50, 1), round(p99, 1))


def _until_ready(address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/health", trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise AssertionError(f"the saga service did not get ready within {READY_WITHIN_S:.0f} s")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.saga_service")
    parser.add_argument("--sagas", type=int, default=200)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--at-once", type=int, default=32, help="how many are created side by side")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = []
    sys.stdout.write("database    processes  sagas/s  p50 ms  p99 ms\n")
    for database in asked.database:
        for count in asked.processes:
            one = measured(database, count, asked.sagas, asked.at_once)
            found.append(one)
            sys.stdout.write(
                f"{one.database:<11} {one.processes:>9}  {one.per_second:>7}  {one.p50_ms:>6.0f}  {one.p99_ms:>6.0f}\n"
            )
            sys.stdout.flush()
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
