"""An event loop in a thread of its own, for asynchronous work inside a synchronous program."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from saga_contracts.errors import SagapactError

_Result = TypeVar("_Result")


class LoopThread:
    """Runs an event loop between `start` and `stop`.

    Args:
        name: The thread's name, as errors call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        """Was it started, and not stopped?"""
        return self._loop is not None

    def start(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cancel what is left in the loop, end the thread; again does nothing."""
        loop, thread, self._loop = self._loop, self._thread, None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(cancel_all_other_tasks(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def wait_for(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine in the loop and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._running()).result()

    def call(self, work: Callable[[], _Result]) -> _Result:
        """Call a function in the loop's thread and give its result; what the loop's work uses needs no lock so.

        Raises:
            SagapactError: when the loop does not run.
        """
        done: Future[_Result] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001  (it belongs to the caller's thread)
                done.set_exception(error)

        self._running().call_soon_threadsafe(run)
        return done.result()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise SagapactError(f"The {self._name} does not run. Use it between its start and its stop.")
        return self._loop


async def cancel_all_other_tasks() -> None:
    """Cancel every task of the running loop but this one, and wait until they have ended."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
