"""The engine that does the broker's own work: DBOS, in a database of its own. Only this module knows it.

What is to be done is a workflow, known by its name and its id: enqueued twice under one id, it is done once; a process that dies
leaves it to the next one. Retries wait in the queue, not in memory and not in a thread.
"""

import logging
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbos import DBOS, DBOSConfig, EnqueueOptions
from sqlalchemy import make_url

from saga_broker.settings import Settings

NAME = "sagapact-broker"
SCHEMA = "sagapact_work"
APPLICATION_VERSION = "1"  # pinned: a newer broker takes up what an older one began
LONGEST_STEP_S = 120.0  # a workflow that was begun longer ago has nobody who works on it
_POLLING_S = 0.25
_UNDER_WAY = ("PENDING", "ENQUEUED", "DELAYED")
_CONNECTIONS = 5
_FINISH_WITHIN_S, _LOOK_S = 2.0, 0.02
LOG = logging.getLogger("saga_broker.work")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that broker processes work on.

    Attributes:
        name: Its name.
        at_once: How many of its workflows one process does at the same time.
    """

    name: str
    at_once: int


class Engine:
    """DBOS in this process; there is one at a time.

    Args:
        settings: Names the work database.
        queues: What this process works on; others it can put workflows into.
        workflows: Functions by the names under which they are enqueued. Each gets the arguments that were enqueued, is run in a
            thread, and once more from its beginning when its process died: its steps must bear that.
    """

    def __init__(self, settings: Settings, queues: Sequence[Queue], workflows: Mapping[str, Callable[..., Any]]) -> None:
        self._url = work_database_url(settings)
        self._queues = queues
        self._workflows = workflows
        self._executor_id = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"
        self._is_running = threading.Event()
        self._under_way = set[object]()

    @property
    def is_running(self) -> bool:
        """Tell whether workflows can be put into queues."""
        return self._is_running.is_set()

    def start(self) -> None:
        """Start to work on the queues; what another process left unfinished is taken up by `take_over`."""
        _prepare(self._url)
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": self._url,
            "dbos_system_schema": SCHEMA,
            "sys_db_pool_size": _CONNECTIONS,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor_id,
            "log_level": "ERROR",
            "use_listen_notify": False,  # nobody waits for events here: a connection less for each process
            "notification_listener_polling_interval_sec": 0.1,  # unused, but the stop waits for it
        }
        DBOS.destroy(destroy_registry=True)
        DBOS(config=config)
        for name, function in self._workflows.items():
            DBOS.workflow(name=name, max_recovery_attempts=None)(self._counted(function))
        DBOS.listen_queues([queue.name for queue in self._queues])
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(
                queue.name, worker_concurrency=queue.at_once, polling_interval_sec=_POLLING_S, on_conflict="always_update"
            )
        self._is_running.set()

    def stop(self) -> None:
        """Stop soon; what is under way by then is taken up after the next start."""
        if self._is_running.is_set():
            self._is_running.clear()
            until = time.monotonic() + _FINISH_WITHIN_S
            while self._under_way and time.monotonic() < until:
                time.sleep(_LOOK_S)
            DBOS.destroy(destroy_registry=True)

    def enqueue(self, queue: str, workflow: str, workflow_id: str, *args: Any, delay_s: float = 0.0, **options: Any) -> None:
        """Put a workflow into a queue; an id that is there already changes nothing.

        Args:
            queue: The queue's name; other processes may be the ones that work on it.
            workflow: The workflow's name.
            workflow_id: What it is known by.
            args: Its arguments, JSON.
            delay_s: How many seconds it waits first.
            options: Further members of DBOS' `EnqueueOptions`, such as `priority` or `queue_partition_key`.
        """
        wanted: EnqueueOptions = {"workflow_name": workflow, "queue_name": queue, "workflow_id": workflow_id, **options}  # type: ignore[typeddict-item]
        if delay_s > 0:
            wanted["delay_seconds"] = delay_s
        DBOS.enqueue_workflow_with_options(wanted, *args)

    def is_under_way(self, workflow_id: str) -> bool:
        """Tell whether a workflow waits or runs; not when it ended, however, or was never enqueued."""
        found = DBOS.list_workflows(workflow_ids=[workflow_id], status=list(_UNDER_WAY), load_input=False, load_output=False)
        return bool(found)

    def forget(self, workflow_id: str) -> None:
        """Forget a workflow that has ended, so that another may have its id."""
        if DBOS.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False):
            DBOS.delete_workflow(workflow_id)

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Run a step of the workflow that calls this: once it is done, it is not done again, whatever dies."""
        return DBOS.run_step({"name": name}, function, *args)

    def take_over(self) -> int:
        """Give back to their queues the workflows of processes that are gone; tell how many."""
        begun = DBOS.list_workflows(status="PENDING", queue_name=[queue.name for queue in self._queues], load_input=False)
        left = [one for one in begun if self._is_left(one.executor_id or "", one.updated_at or 0)]
        for one in left:
            LOG.warning("%s %s: its process is gone, it is taken over", one.name, one.workflow_id)
            DBOS.resume_workflow(one.workflow_id, queue_name=one.queue_name)
        return len(left)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def workflow(*args: Any) -> Any:
            mark = object()
            self._under_way.add(mark)
            try:
                return function(*args)
            finally:
                self._under_way.discard(mark)

        return workflow

    def _is_left(self, executor_id: str, updated_ms: int) -> bool:
        if executor_id == self._executor_id:
            return False
        host, _, rest = executor_id.partition("/")
        if host == socket.gethostname():
            pid = rest.partition("/")[0]
            return pid == str(os.getpid()) or not _is_alive(pid)
        return time.time() - updated_ms / 1000 > LONGEST_STEP_S


def work_database_url(settings: Settings) -> str:
    """Give the address of the work database: the one that is named, else one that belongs to the broker's."""
    if settings.work_database_url:
        return settings.work_database_url
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        stem, dot, ending = str(url.database).rpartition(".")
        named = f"{stem}-work.{ending}" if dot and "/" not in ending else f"{url.database}-work.sqlite"
        return url.set(drivername="sqlite", database=named).render_as_string(hide_password=False)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _prepare(url: str) -> None:
    """Let readers and the writer of the engine's SQLite file work side by side; the engine does not set this itself."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        connection = sqlite3.connect(parsed.database)
        try:
            connection.execute("PRAGMA journal_mode=wal")
        finally:
            connection.close()
