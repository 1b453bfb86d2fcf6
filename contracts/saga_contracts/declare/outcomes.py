"""The two vocabularies of everything that is called and asked: what a call came to, and what is durably true of a step."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a forward call, a compensation or a callback came to."""

    DONE = "done"  # forward: the effect is there, by this call or an earlier one; compensation: it is not, and will not be
    IN_PROGRESS = "in_progress"  # accepted; the outcome comes later
    REFUSED = "refused"  # definitely no effect, and none will come of this key
    SUSPENDED = "suspended"  # the step was compensated before the forward call came; no effect
    MISUSED = "misused"  # the key belongs to another payload; no effect of this call
    IMPOSSIBLE = "impossible"  # the effect stays: it cannot be undone any more
    RETRYABLE = "retryable"  # try again: the participant said so, failed, or did not answer
    UNKNOWN = "unknown"  # an answer that the saga file does not declare: nothing is known about the effect


class State(StrEnum):
    """What is durably true of a step at a participant that keeps its word; what its status call tells."""

    ABSENT = "absent"  # the key was never seen
    IN_PROGRESS = "in_progress"  # accepted; the effect is still to come
    APPLIED = "applied"  # the effect is there
    REFUSED = "refused"  # no effect, for ever
    COMPENSATED = "compensated"  # undone, or forbidden before it came


class Sought(StrEnum):
    """What a look-up finds of a step's own outputs."""

    FOUND = "found"  # they stand in the reply
    ABSENT = "absent"  # there is nothing of this step


Told = State | Outcome
"""What a status call came to: a state, or `retryable` and `unknown`, which are never to be read as a state."""
LookedUp = Sought | Outcome
"""What a look-up came to: whether there is something, or `retryable` and `unknown`, which tell nothing of it."""
