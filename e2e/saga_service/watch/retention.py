"""Forgetting sagas in time: so long after their end that no late call and no look of the checker needs them any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

from saga_service.kept.forgetting import Forgetting


class Retention:
    """Forgets sagas in batches.

    Args:
        kept: What forgets them.
        workflows: Forgets what the engine knows of them.
        keep_s: How long they are kept after their end.
    """

    def __init__(self, kept: Forgetting, workflows: Callable[[Collection[str]], Awaitable[None]], keep_s: float) -> None:
        self._kept, self._workflows, self._keep_s = kept, workflows, keep_s

    async def forget_due(self, limit: int) -> int:
        """Forget all that is due, so many at once; gives how many there were."""
        forgotten, number = 0, limit
        while number == limit:
            due = await asyncio.to_thread(self._kept.due, time.time() - self._keep_s, limit)
            if not due:
                break
            await self._workflows(due)  # first: what is not in our own records is not found again
            number = await asyncio.to_thread(self._kept.forget, due)
            forgotten += number
        return forgotten
