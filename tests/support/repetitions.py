"""How often tests repeat what chance decides: random histories, moments of a kill, odd requests.

`make test` does enough to notice what a change breaks, and always draws the same, so that it fails for what was changed and for
nothing else. The nightly run sets `SAGAPACT_REPEAT`: it does so many times more, draws anew each time, and says how to draw the
same again when a test fails.
"""

import os

from hypothesis import HealthCheck, settings

REPEAT = max(1, int(os.environ.get("SAGAPACT_REPEAT", "1")))
NIGHTLY = "SAGAPACT_REPEAT" in os.environ

# No time limits: a busy machine draws and tries slowly, too.
settings.register_profile("change", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nightly" if NIGHTLY else "change")


def times(count: int) -> int:
    """Give how often to try, for a test that tries `count` times in `make test`."""
    return count * REPEAT
