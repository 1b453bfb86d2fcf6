"""The durable workflow: one for each saga, under the saga's id, taken up again after a crash. Only this module knows the engine.

The stages keep their own state in the saga service's database, and each can be run again from there; the engine sees to it that
every saga that was begun is brought to its end.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import make_url

from saga_service.records import SagaState
from saga_service.settings import Settings
from saga_service.work.executor import stop

_log = logging.getLogger("saga_service")
_LONGEST_PAUSE_S = 30.0
_ALIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
_OPEN = (SagaState.RUNNING, SagaState.COMPENSATING)


class Stages(Protocol):
    """The stages of a saga's work, each of which gives the state that the saga comes to."""

    async def execute(self, saga_id: str) -> str:
        """Run it forward."""

    async def compensate(self, saga_id: str) -> str:
        """Undo it."""

    async def tell_owner(self, saga_id: str) -> str:
        """Tell its owner."""


class Workflows:
    """The workflows of this process, in the event loop that they were opened in.

    Args:
        settings: Names the engine's database and this process.
        service: Does the work of each stage.
    """

    def __init__(self, settings: Settings, service: Stages) -> None:
        self._under_way = set[asyncio.Task[Any]]()

        @DBOS.workflow(name="run_saga", max_recovery_attempts=None)
        async def run_saga(saga_id: str) -> str:
            self._note_this_task()
            state = str(SagaState.RUNNING)
            while state in _OPEN:  # once, unless somebody lets an escalated saga go on while its owner is being told
                state = await DBOS.run_step_async({"name": "execute"}, _through, service.execute, saga_id)
                if state == SagaState.COMPENSATING:
                    state = await DBOS.run_step_async({"name": "compensate"}, _through, service.compensate, saga_id)
                if state == SagaState.ESCALATED:
                    state = await DBOS.run_step_async({"name": "tell_owner"}, _through, service.tell_owner, saga_id)
            return state

        self._run_saga = run_saga
        _prepare(settings.system_database_url)
        config: DBOSConfig = {
            "name": "saga-service",
            "system_database_url": settings.system_database_url,
            "application_version": "1",  # pinned: another version would not take up what this one began
            "executor_id": settings.executor_id,
            "log_level": "ERROR",  # it warns of every workflow that a stop interrupts
            "notification_listener_polling_interval_sec": 0.1,  # unused, but the stop waits for it
        }
        DBOS(config=config)

    async def open(self, unfinished: Collection[str]) -> None:
        """Start the engine, which takes up what this process had begun; begin the unfinished sagas that it does not know."""
        DBOS.launch()
        if not unfinished:
            return
        known = await DBOS.list_workflows_async(workflow_ids=list(unfinished), load_input=False, load_output=False)
        alive = {one.workflow_id for one in known if one.status in _ALIVE}
        for one in known:
            if one.workflow_id not in alive:
                _log.error(
                    "saga %s is not finished, but its workflow ended with %s; it is started anew", one.workflow_id, one.status
                )
                await DBOS.delete_workflow_async(one.workflow_id)
        for saga_id in set(unfinished) - alive:
            await self.start(saga_id)

    async def start(self, saga_id: str) -> None:
        """Start the saga of this id, unless it was started before."""
        with SetWorkflowID(saga_id):
            await DBOS.start_workflow_async(self._run_saga, saga_id)

    async def start_again(self, saga_id: str) -> None:
        """Start the saga of this id, whose workflow has come to its end, or will do so at once."""
        if not await self._is_begun_anew(saga_id):
            task = asyncio.create_task(self._begin_anew(saga_id))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def forget(self, saga_ids: Collection[str]) -> None:
        """Forget the workflows of sagas that are at their end."""
        for saga_id in saga_ids:
            await DBOS.delete_workflow_async(saga_id)

    async def close(self) -> None:
        """Stop at once; what is under way goes on after the next start."""
        await stop(self._under_way)
        # In a thread of its own: while it waits for the engine's threads, these may wait for the event loop.
        with ThreadPoolExecutor(max_workers=1) as thread:
            await asyncio.get_running_loop().run_in_executor(thread, DBOS.destroy)

    async def _is_begun_anew(self, saga_id: str) -> bool:
        known = await DBOS.list_workflows_async(workflow_ids=[saga_id], load_input=False, load_output=False)
        if known and known[0].status in _ALIVE:
            return False
        if known:
            await DBOS.delete_workflow_async(saga_id)
        await self.start(saga_id)
        return True

    async def _begin_anew(self, saga_id: str) -> None:
        """Wait for a workflow's end: it may have read the saga's state before that was changed."""
        pause_s = 0.02
        while not await self._is_begun_anew(saga_id):
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S / 10)

    def _note_this_task(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)


async def _through(stage: Callable[[str], Awaitable[str]], saga_id: str) -> str:
    """Run a stage until it gets through: a fault of our own, such as a full disk, must not leave a saga in its middle."""
    pause_s = 0.1
    while True:
        try:
            return await stage(saga_id)
        except Exception:  # noqa: BLE001  (whatever it is, the saga must go on)
            _log.exception("saga %s is held up; next try in %.1f s", saga_id, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _prepare(url: str) -> None:
    """Let readers and the writer of the engine's SQLite file work side by side; the engine does not set this itself."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        connection = sqlite3.connect(parsed.database)
        try:
            connection.execute("PRAGMA journal_mode=wal")
        finally:
            connection.close()
