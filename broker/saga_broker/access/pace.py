"""How often a token may ask: a bucket of a minute's requests that fills again evenly. Pure; who asks brings the clock."""

import math
from dataclasses import dataclass, field

MINUTE_S = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


@dataclass(slots=True)
class Pace:
    """The buckets of all tokens, in one process."""

    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    def wait_s(self, token_id: int, requests_a_minute: int, at_s: float) -> int:
        """Count one request.

        Args:
            token_id: Of the token that asks.
            requests_a_minute: As many may come at once, and as many within each minute afterwards.
            at_s: Seconds on a clock that only goes forward.

        Returns:
            0: it may go on; else after how many seconds the next one may.
        """
        bucket = self._buckets.setdefault(token_id, _Bucket(requests_a_minute, at_s))
        rate = requests_a_minute / MINUTE_S
        bucket.left = min(float(requests_a_minute), bucket.left + (at_s - bucket.at_s) * rate)
        bucket.at_s = at_s
        if bucket.left < 1:
            return math.ceil((1 - bucket.left) / rate)
        bucket.left -= 1
        return 0
