"""What broker and workers call things in the work database, and which queue a job's labels lead to."""

from collections.abc import Collection, Iterator
from itertools import combinations

SCHEMA = "sagapact_work"
APPLICATION = "sagapact-worker"
APPLICATION_VERSION = "worker-1"  # pinned: a newer worker takes what an older broker put there
WORKFLOW = "verify"
QUEUE = "jobs"
POLLING_S = 0.25
MAX_LABELS = 8


def queue_name(labels: Collection[str]) -> str:
    """Give the queue of jobs that ask for these labels of a worker."""
    return "+".join([QUEUE, *sorted(set(labels))])


def queues_of(labels: Collection[str]) -> Iterator[str]:
    """Give the queues that a worker with these labels takes from: a job may ask for all of them, or for fewer."""
    own = sorted(set(labels))
    for count in range(len(own) + 1):
        for some in combinations(own, count):
            yield queue_name(some)


def workflow_id(key: str, generation: int) -> str:
    """Give the id of one offer of a job."""
    return f"{key}-{generation}"
