"""What faults do to whole services: killed and started again, standing still; calls of a service that is down wait meanwhile."""

import asyncio
import logging
from collections.abc import Callable

from saga_contracts.errors import SagapactError

_logger = logging.getLogger(__name__)


class Harms:
    """Harms services on behalf of one proxy, in its event loop.

    Args:
        restart: Kills a service and starts it again.
        still: Lets a service stand still for so many milliseconds; returns when it goes on.
    """

    def __init__(self, restart: Callable[[str], None], still: Callable[[str, int], None]) -> None:
        self._restart, self._still = restart, still
        self._down: dict[str, asyncio.Event] = {}

    async def wait_until_up(self, service: str) -> bool:
        """Wait while a service is down; was it?"""
        down = self._down.get(service)
        if down is not None:
            await down.wait()
        return down is not None

    def goes_down(self, service: str) -> None:
        """Note that a service is down from now on."""
        self._down.setdefault(service, asyncio.Event())

    def is_up(self, service: str) -> None:
        """Note that it is up again."""
        up = self._down.pop(service, None)
        if up is not None:
            up.set()

    async def crash(self, service: str) -> None:
        """Kill a service and start it again; when that is under way already, wait for it."""
        if await self.wait_until_up(service):
            return
        self.goes_down(service)
        try:
            await asyncio.to_thread(self._restart, service)
        except SagapactError as error:  # whoever asks for the services' trouble hears of it
            _logger.warning("%s was not started again: %s", service, error)
        finally:
            self.is_up(service)

    async def stand_still(self, service: str, ms: int) -> None:
        """Let a service stand still."""
        await asyncio.to_thread(self._still, service, ms)
