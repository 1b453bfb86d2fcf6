"""Does what is seen of a program count? Not after its end, and not on a full disk: then nothing is known about it."""

from saga_verifier.isolation.errors import IsolationError
from saga_verifier.isolation.interface import Running

_DISK_FULL = ("no space left on device", "database or disk is full")
_LINES = 200


def check_running(running: Running) -> None:
    """Return while it runs.

    Raises:
        IsolationError: when it has ended.
    """
    ended = running.ended()
    if ended is not None:
        raise IsolationError(f"{running.name} ended while it was verified ({ended}). Look at its log and verify again.")


def check_sound(running: Running) -> None:
    """Return when what was seen of it must be its own doing; to be asked when it was not as it must be.

    Raises:
        IsolationError: when it has ended, or says in its log that its disk is full.
    """
    check_running(running)
    if any(words in running.log_tail(_LINES).lower() for words in _DISK_FULL):
        raise IsolationError(f"{running.name} cannot be judged: its disk is full, as its log tells. Make room and verify again.")
