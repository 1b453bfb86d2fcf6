"""How many requests a broker answers, measured on a real process over HTTP. Not a test: run it by hand.

python tests/benchmarks/broker/bench_broker.py [--database-url URL] [--clients 8] [--seconds 10]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx

Call = Callable[[httpx.Client, int], httpx.Response]
PACT = {
    "interactions": [
        {
            "description": f"interaction {number}",
            "request": {"method": "POST", "path": f"/things/{number}", "body": {"text": "x" * 300}},
            "response": {"status": 200, "body": {"id": number, "text": "y" * 300}},
        }
        for number in range(12)
    ],
    "metadata": {"pactSpecification": {"version": "4.0"}},
}


def publish(http: httpx.Client, number: int) -> httpx.Response:
    document = {**PACT, "interactions": [*PACT["interactions"], {"description": str(number % 50)}]}
    return http.put(f"/pacts/provider/P{number % 5}/consumer/C{number % 20}/version/{number}", json=document)


def read_pact(http: httpx.Client, number: int) -> httpx.Response:
    return http.get(f"/pacts/provider/P{number % 5}/consumer/C{number % 20}/latest")


def for_verification(http: httpx.Client, number: int) -> httpx.Response:
    body = {"consumerVersionSelectors": [{"latest": True}], "providerVersionBranch": "main", "includePendingStatus": True}
    return http.post(f"/pacts/provider/P{number % 5}/for-verification", json=body)


def can_i_deploy(http: httpx.Client, number: int) -> httpx.Response:
    return http.get(
        "/can-i-deploy", params={"pacticipant": f"C{number % 20}", "version": str(number % 20), "environment": "test"}
    )


CALLS: dict[str, Call] = {
    "publish": publish,
    "read pact": read_pact,
    "for verification": for_verification,
    "can-i-deploy": can_i_deploy,
}


def measure(url: str, call: Call, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Give requests per second, and how long each took."""
    numbers, took, lock = count(), [0.0][:0], threading.Lock()
    end = time.perf_counter() + seconds

    def work() -> None:
        headers = {"Accept": "application/hal+json, application/json"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
            while (begun := time.perf_counter()) < end:
                reply = call(http, next(numbers))
                assert reply.status_code < 500, reply.text
                with lock:
                    took.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(took) / (time.perf_counter() - begun), took


def served(database_url: str) -> Iterator[str]:
    words = [str(Path(sys.executable).parent / "sagapact"), "broker", "serve", "--port", "0", "--database-url", database_url]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.communicate(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in served(given.database_url or f"sqlite:///{folder}/bench.sqlite"):
            for name, call in CALLS.items():
                rate, took = measure(url, call, given.clients, given.seconds)
                p95 = statistics.quantiles(took, n=20)[-1]
                figures = {"call": name, "per_second": round(rate), "p50_ms": round(statistics.median(took) * 1000, 1)}
                sys.stdout.write(json.dumps({**figures, "p95_ms": round(p95 * 1000, 1)}) + "\n")


if __name__ == "__main__":
    main()
