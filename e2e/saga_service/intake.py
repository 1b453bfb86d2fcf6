"""What comes in from outside: definitions, new sagas, callbacks, questions. Checked, stored, and handed to the workflow."""

import asyncio
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from saga_contracts.client import (
    DefinitionError,
    Saga,
    SagapactError,
    Step,
    call_context,
    callback_outcome,
    load_definition,
    payload_faults,
    step_key,
    unfolded,
)
from saga_service.records import Role, SagaRecord, SagaState
from saga_service.store import Store
from saga_service.work.jobs import Job, Jobs, participants_of
from saga_service.work.wakeups import Wakeups

_log = logging.getLogger("saga_service")
_SAGA_ID = re.compile(r"[0-9a-f]{32}")
_NO_NUL = r"^[^\x00]*$"


class RefusedError(Exception):
    """What came in is not taken.

    Attributes:
        status: The HTTP status to answer.
        faults: Single faults, when there are several.
    """

    def __init__(self, status: int, detail: str, faults: list[str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.faults = status, faults or []


class NewSaga(BaseModel):
    """The body of a saga's creation."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    saga: Annotated[str, Field(max_length=63, pattern=_NO_NUL)]
    request_id: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
    payload: dict[str, Any]


class Intake:
    """Takes what comes in.

    Args:
        store: The saga service's database.
        jobs: Finds sagas.
        wakeups: Wakes whoever waits for a callback.
        start: Starts the workflow of a saga, unless it was started before.
        participants: Names of the participants whose addresses are known.
        missing: Gives the participants that a saga needs and that are down: a saga with any is parked.
        number: The shard's, which the ids of its sagas begin with.
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        wakeups: Wakeups,
        *,
        start: Callable[[str], Awaitable[None]],
        participants: Collection[str],
        missing: Callable[[Saga], Collection[str]] = lambda _: (),
        number: int = 0,
    ) -> None:
        self._store, self._jobs, self._wakeups = store, jobs, wakeups
        self._start, self._participants, self._missing, self._number = start, participants, missing, number

    async def check(self) -> None:
        """Return when the database answers, raise its error when not."""
        await asyncio.to_thread(self._store.check)

    async def put_definition(self, name: str, document: Any) -> bool:
        """Make a definition the current one for new sagas; sagas under way keep theirs.

        Returns:
            Was it another one before?

        Raises:
            RefusedError: when it is faulty, has another name, or names a participant without an address.
        """
        try:
            saga = load_definition(document if isinstance(document, Mapping) else {})
        except DefinitionError as error:
            raise RefusedError(400, "The saga definition has faults.", error.faults) from None
        if saga.saga != name:
            raise RefusedError(
                400, f"The definition is of the saga {saga.saga}, not of {name}. Send it to /definitions/{saga.saga}."
            )
        missing = sorted(participants_of(saga) - set(self._participants))
        if missing:
            raise RefusedError(400, f"There is no address of {', '.join(missing)}. Add it to SAGA_PARTICIPANTS.")
        content = json.dumps(saga.as_json(), sort_keys=True, separators=(",", ":"))
        return await asyncio.to_thread(self._store.put_definition, name, content)

    async def create(self, new: NewSaga) -> tuple[SagaRecord, bool]:
        """Store and start a saga, or find the one that was started with the same request id.

        Returns:
            The saga, and whether it is a new one.

        Raises:
            RefusedError: when the saga is not known, the payload does not fit it, or the request id stands for another payload.
        """
        stored = await asyncio.to_thread(self._store.saga_of_request, new.saga, new.request_id)
        is_new = False
        if stored is None:
            stored, is_new = await self._store_new(new)
        if stored.payload != new.payload:
            raise RefusedError(409, f"The request id {new.request_id} was used with another payload. Use a new one.")
        if stored.state != SagaState.PARKED:
            await self._start(stored.saga_id)
        return stored, is_new

    async def take_callback(self, key: str, body: Any) -> None:
        """Record a callback and wake whoever waits for it. One that comes again, or too late, changes nothing.

        Raises:
            RefusedError: when no saga or step has this key.
        """
        saga_id, _, name = key.partition(":")
        job = await self._job(saga_id)
        step = next((step for step in job.saga.steps if step_key(saga_id, step.step) == key), None)
        if step is None:
            raise RefusedError(404, f"The saga {saga_id} has no step {name}.")
        name = step.step
        outcome = await self._callback_outcome(job, step, body)
        if outcome is None:
            _log.warning("saga %s: a callback of %s has a body that the step does not declare; ignored", saga_id, name)
        await asyncio.to_thread(self._store.add_callback, saga_id, name, outcome, body if outcome else None)
        self._wakeups.wake(key)

    async def describe(self, saga_id: str) -> dict[str, Any]:
        """Give everything that is known of a saga.

        Raises:
            RefusedError: when there is no such saga.
        """
        record = await asyncio.to_thread(self._store.saga, saga_id) if _SAGA_ID.fullmatch(saga_id) else None
        if record is None:
            raise RefusedError(404, f"There is no saga {saga_id}.")
        return await asyncio.to_thread(_describe, self._store, record)

    async def _store_new(self, new: NewSaga) -> tuple[SagaRecord, bool]:
        definition_id = await asyncio.to_thread(self._store.current_definition, new.saga)
        if definition_id is None:
            raise RefusedError(404, f"There is no saga {new.saga}. Put its definition first (/definitions/{new.saga}).")
        saga = await self._jobs.definition(definition_id)
        faults = payload_faults(saga, new.payload)
        if faults:
            raise RefusedError(422, "The payload does not fit the saga's schema.", faults)
        saga_id = f"{self._number:02x}{uuid.uuid4().hex[2:]}"
        state = SagaState.PARKED if self._missing(saga) else SagaState.RUNNING
        wanted = SagaRecord(saga_id, new.saga, definition_id, new.request_id, new.payload, state=state, reason=None)
        stored = await asyncio.to_thread(
            self._store.create_saga, wanted, [step.step for step in unfolded(saga, new.payload).steps]
        )
        return stored, stored.saga_id == wanted.saga_id

    async def _job(self, saga_id: str) -> Job:
        try:
            if _SAGA_ID.fullmatch(saga_id):
                return await self._jobs.job(saga_id)
        except KeyError:
            pass
        raise RefusedError(404, f"There is no saga {saga_id}.")

    async def _callback_outcome(self, job: Job, step: Step, body: Any) -> str | None:
        records = await asyncio.to_thread(self._store.steps, job.saga_id)
        context = call_context(
            step, job.call(step, {name: record.outputs for name, record in records.items()}), job.saga.key_forms
        )
        try:
            outcome = callback_outcome(step, body, context)
        except SagapactError:  # its declared body names an output that is not known yet
            return None
        return None if outcome is None else str(outcome)


def _describe(store: Store, saga: SagaRecord) -> dict[str, Any]:
    attempts = store.attempts(saga.saga_id)

    def count(step: str, role: Role) -> int:
        return sum(1 for attempt in attempts if attempt.step == step and attempt.role == role)

    return {
        "saga_id": saga.saga_id,
        "saga": saga.saga,
        "definition_id": saga.definition_id,
        "request_id": saga.request_id,
        "payload": saga.payload,
        "state": saga.state,
        "reason": saga.reason,
        "history": store.history(saga.saga_id),
        "steps": {
            name: {
                "key": step_key(saga.saga_id, name),
                "state": step.state,
                "tries": count(name, Role.FORWARD),
                "compensations": count(name, Role.COMPENSATE),
                "outcome": step.outcome,
                "outputs": step.outputs,
            }
            for name, step in store.steps(saga.saga_id).items()
        },
        "notifications": [
            {"step": one.step, "event": one.event, "state": one.state, "tries": one.tries}
            for one in store.notifications(saga.saga_id)
        ],
    }
