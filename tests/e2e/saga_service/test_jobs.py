"""Finding a saga to work on."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from saga_contracts.client import UsageError
from saga_service.records import SagaRecord, SagaState
from saga_service.store import Store
from saga_service.work.jobs import Job, Jobs


async def find(store: Store, saga_id: str, participants: dict[str, str]) -> Job:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await Jobs(store, http, participants, "http://me").job(saga_id)


@pytest.fixture
def store(tmp_path: Path, definitions: dict[str, Any]) -> Store:
    store = Store(f"sqlite:///{tmp_path}/sagas.sqlite")
    store.put_definition("lenient", json.dumps(definitions["lenient"]))
    saga = SagaRecord("s1", "lenient", 1, "r1", {"run": "r"}, SagaState.RUNNING, None)
    store.create_saga(saga, ["need", "extra", "last"])
    return store


def test_a_job_has_the_saga_its_definition_and_a_callback_address_for_each_step(store: Store) -> None:
    job = asyncio.run(find(store, "s1", {"partner": "http://p"}))
    assert (job.saga_id, job.saga.saga, dict(job.record.payload)) == ("s1", "lenient", {"run": "r"})
    call = job.call(job.saga.step("need"), {"before": {"id": 1}})
    assert (call.callback_url, call.outputs) == ("http://me/callbacks/s1:need", {"before": {"id": 1}})
    store.close()


def test_a_saga_waits_rather_than_fail_while_a_participant_has_no_address(store: Store) -> None:
    with pytest.raises(UsageError, match=r"no address of partner\. Add it to SAGA_PARTICIPANTS"):
        asyncio.run(find(store, "s1", {}))
    store.close()


def test_an_unknown_saga_is_no_job(store: Store) -> None:
    with pytest.raises(KeyError):
        asyncio.run(find(store, "s2", {}))
    store.close()
