"""The fault proxy: a reverse proxy between the saga service and everything it talks to, in a thread and event loop of its own.

    /billing/reservations      goes to the participant `billing` as /reservations
    /saga_service/callbacks/…  goes to the saga service, so that callbacks can be lost, too

Bodies are read whole and bounded. While scenarios are played (`holding_strangers`), a saga's calls wait until the player has
named the saga (`open`), so that a fault meets the very first call although the saga's id is known only after it was created.
Which call a request is, is `calls`; which fault meets it, `rulebook`; what becomes of it, `passing`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.faults import Fault
from saga_e2e.proxy import passing, upstream
from saga_e2e.proxy.harms import Harms
from saga_e2e.proxy.loop_thread import LoopThread, cancel_all_other_tasks
from saga_e2e.proxy.passing import Passing
from saga_e2e.proxy.rulebook import Ask, Rulebook
from saga_e2e.proxy.trace import Stray, Trace

LOOPBACK = "127.0.0.1"
STRANGER_WAITS_S = 5.0
"""How long a call of a saga that nobody has named is kept waiting before it passes without faults, while scenarios are played."""


class FaultProxy:
    """Passes calls on, injects the faults of the sagas that are played, and records every call.

    Args:
        saga: Whose calls are recognised.
        host: The address that it listens on, at which the services reach it.
        restart: Kills a service and starts it again, for faults that want it; meanwhile, calls of this service wait.
        health: Where each service tells that it is healthy, by the service's name; to look there is no call of the saga.
        still: Lets a service stand still for so many milliseconds; returns when it goes on.
    """

    def __init__(
        self,
        saga: Saga,
        host: str = LOOPBACK,
        restart: Callable[[str], None] = lambda _: None,
        health: Mapping[str, str] | None = None,
        still: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self._host, self._port = host, 0
        self._book, self._harms = Rulebook(), Harms(restart, still)
        self._passing = Passing(saga, self._book, self._harms, health)
        self._thread = LoopThread("fault proxy")
        self._runner: web.ServerRunner | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def base_url(self) -> str:
        """Where the proxy answers, without a closing slash."""
        return f"http://{self._host}:{self._port}"

    def url_of(self, name: str) -> str:
        """Give the address of a participant or of the saga service through the proxy."""
        return f"{self.base_url}/{name}"

    def route(self, name: str, base_url: str) -> None:
        """Say where calls for a name go; again to send them elsewhere from now on."""
        self._thread.call(lambda: self._passing.routes.update({name: base_url.rstrip("/")}))

    @contextmanager
    def holding_strangers(self, seconds: float = STRANGER_WAITS_S) -> Iterator[None]:
        """Let calls of sagas that were not opened yet wait inside the block, at most so long; outside of it they pass at once."""
        self._thread.call(lambda: setattr(self._passing, "stranger_waits_s", seconds))
        try:
            yield
        finally:
            self._thread.call(lambda: setattr(self._passing, "stranger_waits_s", 0.0))

    @contextmanager
    def while_down(self, service: str) -> Iterator[None]:
        """Let the calls of a service wait that is down inside the block."""
        self._thread.call(lambda: self._harms.goes_down(service))
        try:
            yield
        finally:
            self._thread.call(lambda: self._harms.is_up(service))

    def open(self, saga_id: str, faults: Sequence[Fault] = (), ask: Ask | None = None, stops_after: str = "") -> None:
        """Name a saga that is played; its calls pass from now on.

        Args:
            saga_id: Its id.
            faults: What happens to its calls; the first one that fits a call meets it.
            ask: Asks a step's participant for its state when a fault meets a call; None: nobody is asked.
            stops_after: The step that is done when the saga stands still until `go_on`; empty: it does not.
        """
        self._thread.call(lambda: self._open(saga_id, faults, ask, stops_after))

    def add(self, saga_id: str, faults: Sequence[Fault]) -> None:
        """Let further faults meet a saga's calls from now on."""
        self._thread.call(lambda: self._book.add(saga_id, faults))

    def stops(self, saga_id: str) -> bool:
        """Does the saga stand still?"""
        return self._thread.call(lambda: self._book.stops(saga_id))

    def go_on(self, saga_id: str) -> None:
        """Let a saga go on that stands still."""
        self._thread.call(lambda: self._book.go_on(saga_id))

    def deliver(self, saga_id: str) -> None:
        """Pass on the calls of a saga that a fault has delayed, and wait for their answers."""
        self._thread.wait_for(self._passing.deliver(saga_id))

    def claim_strays(self, marks: Collection[str]) -> tuple[Stray, ...]:
        """Give the undeclared calls so far that bear one of the marks, such as a saga's id; each only once."""
        return self._thread.call(lambda: self._book.claim_strays(marks))

    def all_strays(self) -> tuple[Stray, ...]:
        """Give the undeclared calls so far that nobody has claimed; each only once."""
        return self._thread.call(self._book.all_strays)

    def close(self, saga_id: str) -> None:
        """Forget a saga's faults and trace; late calls of it pass without faults."""
        self._thread.call(lambda: self._book.close(saga_id))

    def trace(self, saga_id: str) -> Trace:
        """Give every call of a saga so far, in the order in which they came; calls that are under way are missing."""
        return self._thread.call(lambda: self._book.trace(saga_id))

    def under_way(self, saga_id: str) -> int:
        """Say how many calls of a saga are under way; delayed ones are not, until they are passed on."""
        return self._thread.call(lambda: self._book.under_way(saga_id))

    def now_ms(self) -> float:
        """Read the clock of the traces."""
        return passing.now_ms()

    def start(self) -> None:
        """Begin to listen, on a port of the system's choice."""
        self._thread.start()
        try:
            self._thread.wait_for(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and drop what is under way; again does nothing."""
        if self._thread.runs:
            self._thread.wait_for(self._stop())
            self._thread.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def _start(self) -> None:
        self._passing.session = upstream.new_session()
        self._runner = web.ServerRunner(web.Server(self._passing.handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        for site in self._runner.sites if self._runner is not None else ():
            await site.stop()
        await cancel_all_other_tasks()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._passing.session is not None:
            await self._passing.session.close()

    def _open(self, saga_id: str, faults: Sequence[Fault], ask: Ask | None, stops_after: str) -> None:
        self._book.open(saga_id, faults, ask, stops_after)
        self._passing.wake_strangers()
