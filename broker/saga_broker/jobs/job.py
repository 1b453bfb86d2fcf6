"""A verification job: one content of a contract, to be verified against one provider version, by one derivation of decks."""

import hashlib
from enum import IntEnum, StrEnum

MAX_ATTEMPTS = 5
"""So often a job is begun: one that ends every worker that takes it must not go round for ever."""


class State(StrEnum):
    """Where a job stands."""

    BLOCKED = "blocked"  # nobody said how the provider version is started; the job's text says what to do
    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker has it
    DONE = "done"  # its result was recorded
    FAILED = "failed"  # nobody could find out; the job's text says why
    SUPERSEDED = "superseded"  # dropped, since a newer version or content took its place
    CANCELLED = "cancelled"  # dropped by hand


OPEN = frozenset({State.BLOCKED, State.QUEUED, State.RUNNING})
WAITING = frozenset({State.BLOCKED, State.QUEUED})


class Priority(IntEnum):
    """Which job is taken first: the lowest number."""

    MAIN = 1  # the head of the provider's main branch, and what was asked for by hand
    LIVE = 2  # deployed or released
    BRANCH = 3  # any other announced version


def key_of(provider: str, number: str, consumer: str, sha: str, derivation: int) -> str:
    """Give the name that a job has wherever it is made: 40 hexadecimal digits."""
    text = "\0".join((provider, number, consumer, sha, str(derivation)))
    return hashlib.sha256(text.encode()).hexdigest()[:40]
