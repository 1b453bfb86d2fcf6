"""How often tests repeat what chance decides: random histories, moments of a kill, odd requests.

`make test` does enough to notice what a change breaks; the nightly run sets `SAGAPACT_REPEAT` to do many times more.
"""

import os

REPEAT = max(1, int(os.environ.get("SAGAPACT_REPEAT", "1")))


def times(count: int) -> int:
    """Give how often to try, for a test that tries `count` times in `make test`."""
    return count * REPEAT
