"""Verification jobs as the broker's own work: made when something happens, offered to workers, taken from those that are gone."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from sqlalchemy import Connection

from saga_broker.acts import queueing
from saga_broker.acts.events import milestones
from saga_broker.events import event as events
from saga_broker.events.event import Event
from saga_broker.jobs import engine_names as names
from saga_broker.jobs.job import MAX_ATTEMPTS, State
from saga_broker.jobs.planning import MOST_OFFERED, Fate, Offer, fate, to_offer
from saga_broker.settings import Settings
from saga_broker.store.database.types import now
from saga_broker.store.jobs import announcements, jobs, workers
from saga_broker.store.jobs.jobs import Job
from saga_broker.work.offers import Offers, judged
from saga_broker.work.work import Work

LOOK_S = 1.0
REST_S = 0.2
KEEP_OFFERS_S = 86_400.0
KEEP_DROPPED = timedelta(days=7)
FORGET_WORKERS = timedelta(hours=1)
OPEN = (State.QUEUED, State.RUNNING)
LOG = logging.getLogger("saga_broker.work.jobs")


FOLLOWED = frozenset({events.PUBLISHED, events.DEPLOYMENT, events.SAGA_PUBLISHED})


def on_event(work: Work, event: Event) -> None:
    """Make the jobs that follow from an event.

    An event that comes again makes none anew, since a job's name is made of its parts. Where nobody ever announced a version
    there are none.
    """
    if event.name not in FOLLOWED:
        return
    with work.database.read() as connection:
        if not announcements.any_at_all(connection):
            return
    provider, number = event.provider or "", event.provider_version or ""
    with work.database.write() as connection:
        if event.name == events.PUBLISHED:
            queueing.content_published(connection, event.consumer or "", provider, event.content_sha or "")
        elif event.name == events.DEPLOYMENT and event.details.get("reason") != milestones.GONE:
            queueing.version_to_verify(connection, provider, number, f"it was deployed to {event.environment}")
        elif event.name == events.SAGA_PUBLISHED:
            queueing.saga_published(connection, event.saga or "", event.consumer_version or "")


@dataclass
class Keeper:
    """Looks after the offers of one broker process.

    What is not heard of is judged only after this process has listened for a whole lease: a broker that was away for a while, or
    stood still, heard nobody.
    """

    settings: Settings
    offers: Offers
    _listening_since: float = field(default_factory=monotonic)
    _looked_at: float = 0.0
    _rests_until: float = 0.0

    def look(self, work: Work) -> None:
        """Offer what comes next, and take back what lies with workers that are gone; many writes at once are one reason."""
        if monotonic() < self._rests_until:
            return
        self._rests_until = monotonic() + REST_S
        with work.database.read() as connection:
            offered = jobs.offered(connection)
            is_idle = not offered and not jobs.to_choose_from(connection, 1)
        if is_idle:
            return
        if offered and monotonic() - self._looked_at >= LOOK_S:
            self._judge(work, offered)
        self._offer(work)

    def _judge(self, work: Work, offered: list[Job]) -> None:
        moment, lease_s = monotonic(), self.settings.job_lease_s
        if moment - self._looked_at > lease_s / 2 + 2 * LOOK_S:
            self._listening_since = moment
        self._looked_at = moment
        seen = self.offers.seen([names.workflow_id(job.key, job.generation) for job in offered])
        with work.database.write() as connection:
            alive = {one.name for one in workers.alive(connection, lease_s)}
            can_judge = moment - self._listening_since >= lease_s
            gone = []
            for job in offered:
                found = seen.get(names.workflow_id(job.key, job.generation))
                offer = judged(found, job.worker, alive, can_judge=can_judge)
                if _settled(connection, job, offer):
                    gone.append(names.workflow_id(job.key, job.generation))
        self.offers.withdraw([one for one in gone if one in seen])

    def _offer(self, work: Work) -> None:
        with work.database.write() as connection:
            if jobs.pause(connection) is not None:
                return
            chosen = jobs.by_ids(connection, to_offer(jobs.to_choose_from(connection, MOST_OFFERED)))
            labels = {job.id: _labels(connection, job) for job in chosen}
            for job in chosen:
                jobs.move(connection, job, [State.QUEUED], is_offered=True)
        self._put(chosen, labels)

    def _put(self, chosen: list[Job], labels: Mapping[int, tuple[str, ...]]) -> None:
        for job in chosen:
            workflow_id = names.workflow_id(job.key, job.generation)
            self.offers.put(names.queue_name(labels[job.id]), workflow_id, job.priority, job.key, job.generation)


def _labels(connection: Connection, job: Job) -> tuple[str, ...]:
    found = announcements.find(connection, job.provider_version_id)
    return () if found is None else found.labels


def _settled(connection: Connection, job: Job, offer: Offer) -> bool:
    """Decide on an offered job; tell whether its offer is over."""
    found = fate(State(job.state), offer, job.attempts)
    if found is Fate.AGAIN:
        LOG.warning("job %s: its worker %s is gone or gave up, it is offered anew", job.key, job.worker or "(unknown)")
        return jobs.offer_again(connection, job, OPEN)
    if found is Fate.FAILS:
        text = f"it was begun {MAX_ATTEMPTS} times, and each time its worker was gone before there was a result"
        return jobs.move(connection, job, OPEN, state=State.FAILED, text=text, is_offered=False, ended_at=now())
    return False


_keepers: dict[int, Keeper] = {}


def keep_offers(work: Work) -> None:
    """Look after the offers of this process's broker."""
    keeper = _keepers.get(id(work))
    if keeper is None:
        _keepers.clear()  # the work of a broker that has ended
        keeper = _keepers[id(work)] = Keeper(work.settings, Offers(work.settings))
    keeper.look(work)


def forget(work: Work) -> None:
    """Forget old offers and workers that have long been silent."""
    Offers(work.settings).forget(KEEP_OFFERS_S)
    with work.database.write() as connection:
        jobs.forget_dropped(connection, KEEP_DROPPED)
        workers.forget_silent(connection, FORGET_WORKERS)
