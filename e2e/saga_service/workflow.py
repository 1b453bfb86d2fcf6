"""The durable workflow: one for each saga, under the saga's id, taken up again after a crash. Only this module knows the engine.

The stages keep their own state in the saga service's database, and each can be run again from there; the engine sees to it that
every saga that was begun is brought to its end.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import make_url

from saga_service.records import SagaState
from saga_service.service import Service
from saga_service.settings import Settings

_log = logging.getLogger("saga_service")
_LONGEST_PAUSE_S = 30.0

Start = Callable[[str], Awaitable[None]]
"""Starts the saga of this id, unless it was started before."""


def launch(settings: Settings, service: Service) -> Start:
    """Start the engine in the running event loop, and take up all sagas that this process had begun."""

    @DBOS.workflow(name="run_saga", max_recovery_attempts=None)
    async def run_saga(saga_id: str) -> str:
        state = await DBOS.run_step_async({"name": "execute"}, _through, service.execute, saga_id)
        if state == SagaState.COMPENSATING:
            state = await DBOS.run_step_async({"name": "compensate"}, _through, service.compensate, saga_id)
        if state == SagaState.ESCALATED:
            state = await DBOS.run_step_async({"name": "tell_owner"}, _through, service.tell_owner, saga_id)
        return state

    async def start(saga_id: str) -> None:
        with SetWorkflowID(saga_id):
            await DBOS.start_workflow_async(run_saga, saga_id)

    _prepare(settings.system_database_url)
    config: DBOSConfig = {
        "name": "saga-service",
        "system_database_url": settings.system_database_url,
        "application_version": "1",  # pinned: another version would not take up what this one began
        "executor_id": settings.executor_id,
        "log_level": "WARNING",
        "notification_listener_polling_interval_sec": 0.1,  # unused, but the stop waits for it
    }
    DBOS(config=config)
    DBOS.launch()
    return start


def close() -> None:
    """Stop the engine; what is under way goes on after the next start."""
    DBOS.destroy(destroy_registry=True)


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
