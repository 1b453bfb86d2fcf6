"""The queues that workers take jobs from: they lie in the work database, under the workers' own name for an application.

Broker processes only put offers there and look at them; they never take one, so that a worker and a broker need nothing of each
other but this database and HTTP.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbos import DBOSClient
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from saga_broker.jobs import engine_names as names
from saga_broker.jobs.planning import Offer
from saga_broker.settings import Settings
from saga_broker.work.engine import work_database_url

_AT_ONCE = 1
"""A worker's process does one job of a queue at a time: isolation wants the machine's cores for itself."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """An offer as it lies in the work database.

    Attributes:
        status: DBOS' word.
        worker: Who has taken it last; None: nobody.
    """

    status: str
    worker: str | None


class Offers:
    """The offers of one broker.

    Args:
        settings: Names the work database, which the broker's engine has made.
    """

    def __init__(self, settings: Settings) -> None:
        engine = create_engine(work_database_url(settings), poolclass=NullPool, hide_parameters=True)
        self._client = DBOSClient(
            system_database_engine=engine, dbos_system_schema=names.SCHEMA, application_name=names.APPLICATION
        )
        self._known = set[str]()

    def put(self, queue: str, workflow_id: str, priority: int, *arguments: object) -> None:
        """Offer a job; an id that is there already changes nothing."""
        self._make(queue)
        self._client.enqueue(
            {
                "workflow_name": names.WORKFLOW,
                "queue_name": queue,
                "workflow_id": workflow_id,
                "priority": priority,
                "app_version": names.APPLICATION_VERSION,
            },
            *arguments,
        )

    def seen(self, workflow_ids: Sequence[str]) -> dict[str, Seen]:
        """Look at offers; those that are not there are missing."""
        found: dict[str, Seen] = {}
        for start in range(0, len(workflow_ids), _BATCH):
            part = list(workflow_ids[start : start + _BATCH])
            for one in self._client.list_workflows(workflow_ids=part, load_input=False, load_output=False):
                found[one.workflow_id] = Seen(one.status, one.executor_id)
        return found

    def withdraw(self, workflow_ids: Sequence[str]) -> None:
        """Take offers back; a worker that has one goes on with it until it hears of it from the broker."""
        if workflow_ids:
            self._client.cancel_workflows(list(workflow_ids))

    def forget(self, age_s: float) -> None:
        """Delete offers that ended long ago."""
        before = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - age_s))
        over = self._client.list_workflows(
            name=names.WORKFLOW,
            status=["SUCCESS", "ERROR", "CANCELLED"],
            end_time=before,
            limit=_BATCH,
            load_input=False,
            load_output=False,
        )
        if over:
            self._client.delete_workflows([one.workflow_id for one in over])

    def _make(self, queue: str) -> None:
        if queue not in self._known:
            self._client.register_queue(queue, worker_concurrency=_AT_ONCE, polling_interval_sec=names.POLLING_S)
            self._known.add(queue)


def judged(seen: Seen | None, holder: str | None, alive: Collection[str], *, can_judge: bool) -> Offer:
    """Say what an offer is to the rules of the queue.

    Args:
        seen: What lies in the work database; None: nothing.
        holder: The worker that the broker gave the job to; None: none.
        alive: The workers that were heard of within a lease.
        can_judge: Who was not heard of is gone; not so while nobody could have been heard.
    """
    if seen is not None and seen.status not in {"ENQUEUED", "DELAYED", "PENDING"}:
        return Offer.ENDED
    taker = holder or (seen.worker if seen is not None and seen.status == "PENDING" else None)
    if taker is None:
        return Offer.MISSING if seen is None else Offer.WAITING
    return Offer.TAKEN if taker in alive or not can_judge else Offer.ABANDONED
