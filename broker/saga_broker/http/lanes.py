"""Worker threads for handlers: as many as there are, and a bounded wait before one is taken.

Reads and writes have threads of their own. Writers wait for one another, and whoever waits in a thread keeps it; so only a few of
them are let into threads, the others wait in the event loop, where waiting costs nothing, and reads go on beside them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.types import Receive

from saga_broker.http.patience import PATIENCE, Bounds, BusyError, GoneError, Patience

T = TypeVar("T")
READERS, WRITERS = 16, 4
MOST_WAITING = 500
WATCH_AFTER_S = 0.05  # most requests are answered before it is worth while to look whether the client is still there
STOP_AGAIN_S = 0.2


@dataclass
class Lane:
    """Requests of one kind, so many at work and so many waiting."""

    threads: int
    most_waiting: int = MOST_WAITING
    waiting: int = 0
    at_work: int = 0
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.threads)

    async def enter(self, watch: "_Watch") -> None:
        """Wait for a thread.

        Raises:
            BusyError: For too long, or too many wait already.
            GoneError: The client went away meanwhile.
        """
        if self._free.locked():
            await self._wait(watch)
        else:
            await self._free.acquire()
        self.at_work += 1

    def leave(self, _: object = None) -> None:
        """Give the thread to the next one."""
        self.at_work -= 1
        self._free.release()

    async def _wait(self, watch: "_Watch") -> None:
        if self.waiting >= self.most_waiting:
            raise BusyError
        self.waiting += 1
        try:
            async with asyncio.timeout(watch.patience.wait_s()) as alarm:
                watch.alarm = alarm
                await self._free.acquire()
        except TimeoutError as error:
            raise (GoneError if watch.patience.is_gone else BusyError) from error
        finally:
            watch.alarm = None
            self.waiting -= 1


class Lanes:
    """The threads of one broker process."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.reads, self.writes = Lane(READERS), Lane(WRITERS)
        self._threads = ThreadPoolExecutor(READERS + WRITERS, "request")

    async def run(self, lane: Lane, receive: Receive, work: Callable[[], T]) -> T:
        """Run the work of a request, whose body is read already, in a thread.

        Raises:
            ImpatientError: It waited or worked too long, or its client went away.
        """
        loop = asyncio.get_running_loop()
        watch = _Watch(Patience(self._bounds), receive)
        later = loop.call_later(WATCH_AFTER_S, watch.begin)
        try:
            await lane.enter(watch)
            watch.patience.begin()
            context = copy_context()
            context.run(PATIENCE.set, watch.patience)
            done = loop.run_in_executor(self._threads, context.run, work)
            done.add_done_callback(lane.leave)
            return await asyncio.shield(done)  # a thread is free when its work has ended, not when nobody waits for it
        except Exception as error:
            if watch.patience.is_gone:
                raise GoneError from error
            raise
        finally:
            later.cancel()
            watch.end()

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)


class _Watch:
    """Looks whether the client of a request goes away."""

    __slots__ = ("_receive", "_task", "alarm", "patience")

    def __init__(self, patience: Patience, receive: Receive) -> None:
        self.patience = patience
        self.alarm: asyncio.Timeout | None = None
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._look())

    def end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.patience.is_gone = True
        if self.alarm is not None:
            self.alarm.reschedule(0)
        while True:  # until the work has ended: it may have been between two statements
            await asyncio.to_thread(self.patience.give_up)
            await asyncio.sleep(STOP_AGAIN_S)
