"""The rules of the queue: what is offered to workers, what becomes of a job whose worker is gone, what is dropped. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from saga_broker.jobs.job import MAX_ATTEMPTS, Priority, State

MOST_OFFERED = 100
"""So many jobs lie in the workers' queues at once: the rest waits in the broker, where it can still be dropped or overtaken."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job as the choice of offers sees it.

    Attributes:
        id: Its number, in the order in which jobs were made.
        provider_id: Whose version it verifies.
        priority: The lowest comes first.
        at_once: How many jobs of this provider may be under way at the same time.
        is_offered: It lies in the workers' queues, or a worker has it.
    """

    id: int
    provider_id: int
    priority: int
    at_once: int
    is_offered: bool


def to_offer(jobs: Iterable[Waiting], most: int = MOST_OFFERED) -> list[int]:
    """Choose which jobs are put into the workers' queues now: by priority, then the oldest; of each provider not too many."""
    every = sorted(jobs, key=lambda job: (job.priority, job.id))
    under_way = Counter(job.provider_id for job in every if job.is_offered)
    room = most - under_way.total()
    chosen: list[int] = []
    for job in every:
        if len(chosen) >= room:
            break
        if job.is_offered or under_way[job.provider_id] >= job.at_once:
            continue
        under_way[job.provider_id] += 1
        chosen.append(job.id)
    return chosen


class Offer(Enum):
    """What is seen of an offer in the workers' queues."""

    MISSING = "missing"  # it was never put there, or the work database was lost
    WAITING = "waiting"  # no worker has taken it
    TAKEN = "taken"  # a worker that lives has it
    ABANDONED = "abandoned"  # a worker has it that was not heard of for a lease
    ENDED = "ended"  # its worker is through with it


class Fate(Enum):
    """What becomes of an open job that was offered."""

    STAYS = "stays"
    AGAIN = "again"  # it is offered anew
    FAILS = "fails"  # it was begun too often


def fate(state: State, offer: Offer, attempts: int) -> Fate:
    """Judge an offered job by what is seen of its offer; a job that has its result is never asked about."""
    if offer in {Offer.WAITING, Offer.TAKEN}:
        return Fate.STAYS
    if state == State.RUNNING and attempts >= MAX_ATTEMPTS:
        return Fate.FAILS
    return Fate.AGAIN


@dataclass(frozen=True, slots=True)
class Standing:
    """What a provider version is, for the question whether it is to be verified by itself.

    Attributes:
        is_main_head: The head of the provider's main branch.
        is_live: Deployed or released somewhere.
        is_head: The head of any branch, or on none.
    """

    is_main_head: bool
    is_live: bool
    is_head: bool

    @property
    def priority(self) -> Priority:
        """Give which of its jobs come first."""
        return Priority.MAIN if self.is_main_head else Priority.LIVE if self.is_live else Priority.BRANCH

    @property
    def is_superseded(self) -> bool:
        """Tell whether another version has taken its place: jobs that nobody asked for by hand are dropped."""
        return not (self.is_live or self.is_head)


def unmet(labels: Collection[str], workers: Sequence[Collection[str]]) -> bool:
    """Tell whether no worker has all the labels that a job asks for."""
    return not any(set(labels) <= set(one) for one in workers)
