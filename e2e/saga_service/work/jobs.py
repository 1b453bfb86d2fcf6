"""One saga with all that is needed to work on it: its record, its definition, and the client that makes its calls."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from saga_contracts.client import AsyncStepClient, Saga, Step, StepCall, UsageError, load_definition, step_key, unfolded
from saga_service.records import SagaRecord
from saga_service.store import Store


@dataclass(frozen=True, slots=True)
class Job:
    """One saga at work.

    Attributes:
        saga: Its definition, with the steps that are run for each element of a list parted into one for each.
    """

    record: SagaRecord
    saga: Saga
    client: AsyncStepClient
    callback_base: str

    @property
    def saga_id(self) -> str:
        """The saga's id."""
        return self.record.saga_id

    @property
    def left_s(self) -> float | None:
        """Seconds until the saga's time is over, below 0 afterwards; None when it has no bound."""
        timeout_ms = self.saga.timeout_ms
        return None if timeout_ms is None else self.record.created_at + timeout_ms / 1000 - time.time()

    def call(self, step: Step, outputs: Mapping[str, Mapping[str, Any]]) -> StepCall:
        """Give the values that a step's calls are made from."""
        callback_url = f"{self.callback_base}/callbacks/{step_key(self.saga_id, step.step)}"
        return StepCall(self.saga_id, self.record.payload, outputs, callback_url)


class Jobs:
    """Finds sagas, each with the definition that it was started with.

    Args:
        store: The service's database.
        http: What all calls are sent with.
        participants: Base URL of each participant.
        callback_base: Where participants reach this service.
    """

    def __init__(self, store: Store, http: httpx.AsyncClient, participants: Mapping[str, str], callback_base: str) -> None:
        self._store, self._http = store, http
        self._participants, self._callback_base = participants, callback_base
        self._definitions: dict[int, Saga] = {}
        self._clients: dict[int, AsyncStepClient] = {}

    async def job(self, saga_id: str) -> Job:
        """Give a saga to work on.

        Raises:
            KeyError: when there is no such saga.
            UsageError: when a participant has no address: the saga waits until it gets one, rather than fail.
        """
        record = await asyncio.to_thread(self._store.saga, saga_id)
        if record is None:
            raise KeyError(saga_id)
        saga = unfolded(await self.definition(record.definition_id), record.payload)
        return Job(record, saga, self._clients[record.definition_id], self._callback_base)

    async def definition(self, definition_id: int) -> Saga:
        """Give a definition, read once.

        Raises:
            UsageError: when a participant has no address.
        """
        if definition_id not in self._definitions:
            content = await asyncio.to_thread(self._store.definition, definition_id)
            saga = load_definition(json.loads(content))
            missing = sorted(participants_of(saga) - set(self._participants))
            if missing:
                raise UsageError(f"There is no address of {', '.join(missing)}. Add it to SAGA_PARTICIPANTS.")
            self._clients[definition_id] = AsyncStepClient(saga, self._participants, self._http)
            self._definitions[definition_id] = saga
        return self._definitions[definition_id]


def participants_of(saga: Saga) -> set[str]:
    """Give the names of all that a saga calls, the owner to be told included."""
    told = saga.policies.owner_notification
    return {step.participant for step in saga.steps} | ({told.participant} if told else set())
