"""Many clients at once, and a broker that dies in the middle of its work."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

CLIENTS = 32
BIN = Path(sys.executable).parent


def test_many_clients_publish_at_once_and_nothing_is_lost(broker: Any, make_pact: Any) -> None:
    def publish(number: int) -> None:
        document = make_pact("Foo", f"P{number % 4}", f"text {number % 3}")
        broker.publish("Foo", str(number), (f"P{number % 4}", document), branch="main", tags=["t"])

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(publish, range(CLIENTS)))

    versions = broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]
    assert {version["number"] for version in versions} == {str(number) for number in range(CLIENTS)}
    heads = [version["number"] for version in versions if version["_embedded"]["branchVersions"][0]["latest"]]
    assert heads == [broker.get("/pacticipants/Foo/branches/main/latest-version")["number"]]


def test_one_version_published_by_many_gets_one_content(broker: Any, make_pact: Any) -> None:
    def publish(number: int) -> int:
        body = broker.http.put("/pacts/provider/Bar/consumer/Foo/version/1", json=make_pact("Foo", "Bar", f"text {number % 2}"))
        return int(body.status_code)

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = list(pool.map(publish, range(CLIENTS)))

    assert statuses.count(201) == 1
    assert set(statuses) == {200, 201, 409}
    assert statuses.count(409) == CLIENTS // 2


def test_the_same_pacticipant_made_by_many_is_one(broker: Any) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: broker.post("/pacticipants", {"name": "Foo"}, 201), range(CLIENTS)))
    assert [one["name"] for one in broker.get("/pacticipants")["_embedded"]["pacticipants"]] == ["Foo"]


@pytest.fixture
def start(database_url: str) -> Any:
    """Start brokers in processes of their own, on one database."""
    processes: list[subprocess.Popen[str]] = []

    def started() -> tuple[str, subprocess.Popen[str]]:
        words = [str(BIN / "sagapact"), "broker", "serve", "--port", "0", "--database-url", database_url]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        processes.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()[-1], process

    yield started
    for process in processes:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_under_load(start: Callable[..., Any], make_pact: Any, until: Any) -> None:
    url, process = start()
    acknowledged: list[str] = []
    numbers = count()

    def publish_until_it_dies(_: int) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=10) as http:
            while True:
                number = str(next(numbers))
                path = f"/pacts/provider/Bar/consumer/Foo/version/{number}"
                try:
                    http.put(path, json=make_pact("Foo", "Bar", number)).raise_for_status()
                except httpx.TransportError:
                    return
                acknowledged.append(number)

    with ThreadPoolExecutor(8) as pool:
        work = pool.map(publish_until_it_dies, range(8))
        until(lambda: len(acknowledged) >= 100, 60)
        process.kill()
        list(work)
    again, _ = start()

    with httpx.Client(base_url=again, trust_env=False, timeout=30) as http:
        pacts = http.get("/pacts/provider/Bar/consumer/Foo/versions").json()["_embedded"]["pacts"]
        stored = {pact["_embedded"]["consumerVersion"]["number"] for pact in pacts}
        assert set(acknowledged) <= stored
        for number in acknowledged[-5:]:
            document = http.get(f"/pacts/provider/Bar/consumer/Foo/version/{number}").json()
            assert document["interactions"][0]["description"] == number
