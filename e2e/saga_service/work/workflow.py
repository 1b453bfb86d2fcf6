"""The durable workflow: one for each saga, under the saga's id, taken up again after a crash. Only this module knows the engine.

The work keeps its own state in the saga service's database and can be run again from there. The engine's queue spreads it over
the processes: whichever has room takes a batch of what the others have not locked.
"""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import make_url

from saga_service.settings import Settings
from saga_service.store import LostLeaseError
from saga_service.work.tasks import stop

_log = logging.getLogger("saga_service")
_LONGEST_PAUSE_S = 30.0
_ALIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
_QUEUE = "sagas"
_POLLING_S = 0.2


class Workflows:
    """The workflows of this process, in the event loop that they were opened in.

    Args:
        settings: Names the engine's database, and says how many sagas this process begins at once.
        work: Brings a saga to its end, and gives its state.
    """

    def __init__(self, settings: Settings, work: Callable[[str], Awaitable[str]]) -> None:
        self._under_way = set[asyncio.Task[Any]]()
        self._at_once = settings.at_once

        @DBOS.workflow(name="run_saga", max_recovery_attempts=None)
        async def run_saga(saga_id: str) -> str:
            self._note_this_task()
            return await DBOS.run_step_async({"name": "work"}, _through, work, saga_id)

        self._run_saga = run_saga
        _prepare(settings.system_database_url)
        config: DBOSConfig = {
            "name": "saga-service",
            "system_database_url": settings.system_database_url,
            "application_version": "2",  # pinned: another version would not take up what this one began
            "executor_id": uuid.uuid4().hex,  # of no other life: what one has left is offered when its lease is over
            "log_level": "ERROR",  # it warns of every workflow that a stop interrupts
            "notification_listener_polling_interval_sec": 0.1,  # unused, but the stop waits for it
        }
        DBOS(config=config)

    async def open(self) -> None:
        """Start the engine, which begins what stands in the queue: in batches, each process locking others than the rest."""
        DBOS.launch()
        await DBOS.register_queue_async(
            _QUEUE, worker_concurrency=self._at_once, polling_interval_sec=_POLLING_S, on_conflict="always_update"
        )

    async def start(self, saga_id: str) -> None:
        """Start the saga of this id, unless it was started before: here, or where there is time."""
        if len(self._under_way) < self._at_once:
            with SetWorkflowID(saga_id):
                await DBOS.start_workflow_async(self._run_saga, saga_id)
        else:
            await self._enqueue(saga_id)

    async def offer(self, saga_ids: Collection[str]) -> None:
        """Let any process begin these sagas, on which nobody works."""
        known = await DBOS.list_workflows_async(workflow_ids=list(saga_ids), load_input=False, load_output=False)
        begun = [one.workflow_id for one in known if one.status == "PENDING"]
        if begun:
            await DBOS.resume_workflows_async(begun, queue_name=_QUEUE)
        for one in known:
            if one.status not in _ALIVE:
                _log.error(
                    "saga %s is not finished, but its workflow ended with %s; it is started anew", one.workflow_id, one.status
                )
                await DBOS.delete_workflow_async(one.workflow_id)
        for saga_id in set(saga_ids) - {one.workflow_id for one in known if one.status in _ALIVE}:
            await self._enqueue(saga_id)

    async def _enqueue(self, saga_id: str) -> None:
        with SetWorkflowID(saga_id):
            await DBOS.enqueue_workflow_async(_QUEUE, self._run_saga, saga_id)

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


async def _through(work: Callable[[str], Awaitable[str]], saga_id: str) -> str:
    """Work until it gets through: a fault of our own, such as a full disk, must not leave a saga in its middle.

    Where another process has the saga, this one's work ends as if it was stopped: the engine records nothing of it.
    """
    pause_s = 0.1
    while True:
        try:
            return await work(saga_id)
        except LostLeaseError:
            _log.warning("saga %s: another process works on it", saga_id)
            raise asyncio.CancelledError from None
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
