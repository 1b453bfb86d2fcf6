"""`broker serve --processes`: several processes on one port behave as one, outlive the death of each, and end together."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

PROCESSES, PUBLICATIONS = 2, 12


@pytest.mark.slow
def test_processes_on_one_port_behave_as_one(start: Any, database_url: str, make_pact: Any, until: Any) -> None:
    broker = start(database_url, "--processes", str(PROCESSES))
    first = psutil.Process(broker.process.pid)
    children = first.children()
    assert len(children) == PROCESSES

    with ThreadPoolExecutor(6) as pool:
        put = [pool.submit(_publish, broker, number, make_pact) for number in range(PUBLICATIONS)]
        tagged = [pool.submit(_tag, broker, number) for number in range(PUBLICATIONS)]
        assert [one.result() for one in put] == [201] * PUBLICATIONS
        assert {one.result() for one in tagged} == {201}
    for _ in range(2 * PROCESSES):
        assert _newest(broker) == {str(number) for number in range(PUBLICATIONS)}
    assert {line["pid"] for line in broker.lines if line["message"] == "serving"} == {child.pid for child in children}

    children[0].kill()
    until(lambda: len({line["pid"] for line in broker.lines if line["message"] == "serving"}) == PROCESSES + 1)
    assert any("died and is started again" in line["message"] for line in broker.lines)
    assert _publish(broker, PUBLICATIONS, make_pact) == 201

    alive = first.children()
    assert broker.stop(signal.SIGTERM) == 0
    assert not [child for child in alive if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
def test_processes_end_when_the_first_one_is_killed(start: Any, tmp_path: Path, until: Any) -> None:
    broker = start(f"sqlite:///{tmp_path}/b.sqlite", "--processes", str(PROCESSES))
    children = psutil.Process(broker.process.pid).children()
    os.kill(broker.process.pid, signal.SIGKILL)
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))


def _publish(broker: Any, number: int, make_pact: Any) -> int:
    document = make_pact("Foo", "Bar", f"text {number}")
    with broker.fresh() as client:
        return int(client.put(f"/pacts/provider/Bar/consumer/Foo/version/{number}", json=document).status_code)


def _tag(broker: Any, number: int) -> int:
    with broker.fresh() as client:
        return int(client.put(f"/pacticipants/Foo/versions/{number}/tags/t{number}", json={}).status_code)


def _newest(broker: Any) -> set[str]:
    with broker.fresh() as client:
        answer = client.get("/pacticipants/Foo/versions").json()
    return {version["number"] for version in answer["_embedded"]["versions"]}
