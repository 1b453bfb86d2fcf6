"""Where jobs come from: DBOS in the work database. Only this module of the verifier knows it."""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from dbos import DBOS, DBOSConfig
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from saga_broker.jobs import engine_names as names
from saga_contracts.errors import SagapactError, UsageError

_CONNECTIONS = 3
_PAUSE_S = 1.0
PATIENCE_S = 60.0
"""So long a worker waits for a broker that has not made the work database yet."""


class Engine:
    """Takes offers of jobs.

    Args:
        url: The work database.
        name: This worker's; no other life of it has the same.
        labels: What it has: it takes jobs that ask for no more.
        verify: Does one; called in a thread.
    """

    def __init__(self, url: str, name: str, labels: Collection[str], verify: Callable[[str, int], str]) -> None:
        self._url, self._name, self._labels, self._verify = checked(url), name, labels, verify

    def start(self, ends: Callable[[float], bool], say: Callable[[str], None]) -> None:
        """Begin to take offers.

        Args:
            ends: Waits for so many seconds; true when the worker is to end.
            say: Told what it waits for.

        Raises:
            SagapactError: The work database cannot be used.
        """
        until, said = time.monotonic() + PATIENCE_S, ""
        while True:
            try:
                self._launch()
            except Exception as error:
                DBOS.destroy(destroy_registry=True)
                if time.monotonic() > until or ends(_PAUSE_S):
                    raise SagapactError(_unusable(self._url, error)) from error
                if said != _reason(error):
                    said = _reason(error)
                    say(f"worker waits for the work database: {said}")
            else:
                return

    def stop(self, grace_s: int) -> None:
        """Take no more; what is under way may end within some seconds."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace_s)

    def _launch(self) -> None:
        url = make_url(self._url)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            raise FileNotFoundError(f"there is no file {url.database}")
        config: DBOSConfig = {
            "name": names.APPLICATION,
            "system_database_url": self._url,
            "dbos_system_schema": names.SCHEMA,
            "sys_db_pool_size": _CONNECTIONS,
            "application_version": names.APPLICATION_VERSION,
            "executor_id": self._name,
            "run_migrations": False,  # the broker's part: a worker's role needs no right to change tables
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": 0.1,  # unused, but the stop waits for it
        }
        DBOS(config=config)

        def verify(job_id: str, generation: int) -> str:
            return self._verify(job_id, generation)

        DBOS.workflow(name=names.WORKFLOW, max_recovery_attempts=None)(verify)
        DBOS.listen_queues(list(names.queues_of(self._labels)))
        DBOS.launch()


def checked(url: str) -> str:
    """Give a work database's address as DBOS takes it.

    Raises:
        UsageError: It is none.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend not in {"sqlite", "postgresql"}:
        raise UsageError(
            "Cannot read the work database's address: it must be like sqlite:///broker-work.sqlite or "
            "postgresql://worker@host/name. Correct --work-database-url."
        )
    return parsed.set(drivername="postgresql+psycopg" if backend == "postgresql" else "sqlite").render_as_string(False)


def _unusable(url: str, error: Exception) -> str:
    shown = make_url(url).render_as_string(hide_password=True)
    return (
        f"Cannot take jobs from the work database {shown}: {_reason(error)}. Check that the broker runs, since it "
        "makes that database, and that --work-database-url is the broker's."
    )


def _reason(error: Exception) -> str:
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"])[0]
