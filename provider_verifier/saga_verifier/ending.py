"""How a command that starts programs ends: when it is asked to, or when who started it has gone, with nothing left of them."""

import signal
import sys

from saga_verifier.isolation.guarding.with_parent import die_with_parent


def end_politely() -> None:
    """Let Ctrl+C, a request to end, and the end of who started this stop the provider and remove what it left."""
    asked_to_end = (signal.SIGINT, signal.SIGTERM)

    def leave(number: int, _frame: object) -> None:
        for one in asked_to_end:
            signal.signal(one, signal.SIG_IGN)  # once is enough: another one would interrupt the cleaning up
        sys.exit(128 + number)

    for one in asked_to_end:
        signal.signal(one, leave)
    die_with_parent()
