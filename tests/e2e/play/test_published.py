"""The contracts that a run is held against: those of a folder, or those that stand in a broker."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from saga_broker.client.broker import BrokerClient
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.play.published import contracts
from saga_verifier.isolation import Health, ProcessIsolation, Running, Spec


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    database = "sqlite:///{workdir}/broker.sqlite"
    command = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url", database)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running


@pytest.fixture
def broker(served: Running) -> Iterator[BrokerClient]:
    with BrokerClient(served.base_url) as client:
        yield client


def pact(consumer: str, provider: str, *paths: str) -> bytes:
    calls = [{"description": path, "request": {"method": "GET", "path": path}, "response": {"status": 200}} for path in paths]
    return json.dumps({"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": calls}).encode()


def published(broker: BrokerClient, provider: str, version: str, branch: str, *paths: str) -> None:
    content = pact("caller", provider, *paths)
    broker.publish_contracts("caller", version, branch=branch, pact_files=[("caller", provider, content)])


def names(where: str, *participants: str) -> set[str]:
    return {one.name for one in contracts(where, participants)}


def test_a_broker_gives_what_a_folder_gives(broker: BrokerClient, served: Running, tmp_path: Path) -> None:
    published(broker, "stock", "1", "main", "/a", "/b")
    published(broker, "till", "1", "main", "/c")
    for provider, paths in {"stock": ("/a", "/b"), "till": ("/c",)}.items():
        (tmp_path / f"{provider}.json").write_bytes(pact("caller", provider, *paths))

    assert names(served.base_url, "stock", "till") == names(str(tmp_path), "stock", "till") != set()


def test_the_newest_of_the_main_branch_and_what_is_deployed_count(broker: BrokerClient, served: Running) -> None:
    published(broker, "archive", "1", "main", "/deployed")
    published(broker, "archive", "2", "main", "/passed-over")
    published(broker, "archive", "3", "main", "/newest")
    broker.record_deployment("caller", "1", "production")

    found = names(served.base_url, "archive")

    assert [any(path in name for name in found) for path in ("/deployed", "/newest", "/passed-over")] == [True, True, False]


def test_participants_that_the_broker_does_not_know_are_left_out(broker: BrokerClient, served: Running) -> None:
    published(broker, "known", "1", "main", "/k")

    assert len(contracts(served.base_url, ("known", "nobody"))) == 1
    with pytest.raises(UsageError, match="There is no contract with any participant of the saga in http"):
        contracts(served.base_url, ("nobody",))


def test_a_broker_that_is_away_is_told() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(SagapactError, match=url):
            contracts(url, ("stock",))
