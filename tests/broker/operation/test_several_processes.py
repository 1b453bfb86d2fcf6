"""Several broker processes on one database behave as one."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

PROCESSES, PER_PROCESS = 3, 12


@pytest.fixture
def empty(cluster: str) -> str:
    """An empty PostgreSQL database: nothing is migrated yet."""
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS several WITH (FORCE)")
        admin.execute("CREATE DATABASE several")
    return f"{cluster}/several"


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_database_behave_as_one(start: Any, empty: str, make_pact: Any) -> None:
    brokers = [start(empty, wait=False) for _ in range(PROCESSES)]
    for broker in brokers:
        broker.await_ready()

    with ThreadPoolExecutor(PROCESSES * 2) as pool:
        work = [(brokers[number % PROCESSES], number, make_pact) for number in range(PROCESSES * PER_PROCESS)]
        statuses = list(pool.map(lambda one: publish(*one), work))
        same = list(pool.map(lambda broker: put(broker, "same", make_pact("Foo", "Bar", "s")), brokers * 6))
        rivals = list(pool.map(lambda one: put(one[0], "rival", make_pact("Foo", "Bar", one[1])), rival_pacts(brokers)))
        environments = list(pool.map(new_environment, brokers))

    assert statuses == [200] * len(work)
    assert sorted(same) == [200] * (len(same) - 1) + [201]
    assert sorted(rivals).count(201) == 1
    assert set(rivals) <= {200, 201, 409}
    assert sorted(environments) == [201, 400, 400]
    assert_rows(empty, len(work))
    answers = [broker.http.get("/pacticipants/Foo/versions").json()["_embedded"]["versions"] for broker in brokers]
    numbers = [[version["number"] for version in answer] for answer in answers]
    assert numbers[0] == numbers[1] == numbers[2]
    assert set(numbers[0]) == {str(number) for number in range(len(work))} | {"same", "rival"}

    brokers[0].http.put("/pacticipants/Foo", json={"name": "Foo", "mainBranch": "trunk"}).raise_for_status()
    for broker in brokers[1:]:
        assert broker.http.get("/pacticipants/Foo").json()["mainBranch"] == "trunk"
    brokers[1].http.delete("/pacticipants/Foo").raise_for_status()
    assert [broker.http.get("/pacticipants/Foo").status_code for broker in brokers] == [404] * PROCESSES


def publish(broker: Any, number: int, make_pact: Any) -> int:
    content = base64.b64encode(json.dumps(make_pact("Foo", "Bar", f"text {number % 5}")).encode()).decode()
    contract = {
        "consumerName": "Foo",
        "providerName": "Bar",
        "specification": "pact",
        "contentType": "application/json",
        "content": content,
    }
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": str(number),
        "branch": "main",
        "tags": ["t"],
        "contracts": [contract],
    }
    return int(broker.http.post("/contracts/publish", json=body).status_code)


def put(broker: Any, number: str, document: Any) -> int:
    return int(broker.http.put(f"/pacts/provider/Bar/consumer/Foo/version/{number}", json=document).status_code)


def rival_pacts(brokers: list[Any]) -> list[tuple[Any, str]]:
    return [(broker, str(number)) for number in range(4) for broker in brokers]


def new_environment(broker: Any) -> int:
    return int(broker.http.post("/environments", json={"name": "fresh", "production": False}).status_code)


def assert_rows(url: str, versions: int) -> None:
    """One row each: nothing doubled, nothing lost, one newest revision, one head."""
    with psycopg.connect(url) as connection:

        def one(query: str) -> Any:
            found = connection.execute(query.encode()).fetchone()
            assert found is not None
            return found[0]

        assert one("SELECT count(*) FROM versions") == versions + 2
        assert one("SELECT count(*) FROM pacticipants") == 2
        assert one("SELECT count(*) FROM environments") == 3
        assert one("SELECT count(*) FROM publications WHERE is_latest") == versions + 2
        assert one("SELECT count(*) FROM publications") == versions + 2
        assert one("SELECT count(DISTINCT sha) FROM contents") == one("SELECT count(*) FROM contents")
        assert one("SELECT count(*) FROM branch_heads") == 1
        assert one("SELECT count(*) FROM branch_versions") == versions
        assert one("SELECT count(*) FROM tags") == versions
        assert one("SELECT count(*) FROM integrations") == 1
        assert one("SELECT max(version_id) FROM branch_versions") == one("SELECT version_id FROM branch_heads")
        assert one("SELECT count(*) FROM alembic_version") == 1
