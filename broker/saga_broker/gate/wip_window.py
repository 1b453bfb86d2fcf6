"""How far back work in progress is looked for when the broker chooses that itself. Pure."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

SHORTEST, LONGEST = 7, 14
_SHARE = 0.8
_DAY = timedelta(days=1)


def start_of_window(unverified: Iterable[datetime], now: datetime) -> datetime:
    """Give the moment after which pacts count as work in progress.

    It lies so far back that four fifths of the pacts without a success are younger: older ones are taken as given up. It is never
    less than a week ago, so that each pact is seen, and never more than two.

    Args:
        unverified: When the pacts without a success were published.
        now: The present.
    """
    ages = sorted(math.ceil((now - moment) / _DAY) for moment in unverified)
    if not ages:
        return now - timedelta(days=LONGEST)
    age = ages[max(math.ceil(len(ages) * _SHARE) - 1, 0)]
    return now - timedelta(days=min(max(age, SHORTEST), LONGEST))
