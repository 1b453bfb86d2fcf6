"""Which fault meets which call: the faults of every saga that is played, and what they have met so far (pure bookkeeping).

Calls are counted per saga, step and role, so that "the second try" means the same whatever else is under way. Calls that no saga
file declares are kept apart, until somebody says that they are of his saga.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from saga_e2e.derive.faults import Fault, Role
from saga_e2e.proxy.calls import Recognised
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.trace import Asked, Stray, Trace, TracedCall
from saga_e2e.proxy.upstream import Outgoing

Ask = Callable[[str], Asked]
"""Asks the participant of a step, named by the step, for its state and its effect."""
MOST_STRAYS = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is kept, to be passed on later."""

    seen: Recognised
    call: Incoming
    outgoing: Outgoing
    fault: Fault


@dataclass(slots=True)
class _Page:
    """What is kept for one saga."""

    faults: tuple[Fault, ...]
    ask: Ask | None
    counted: Counter[tuple[str, Role]] = field(default_factory=Counter)
    calls: list[TracedCall] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    under_way: int = 0


class Rulebook:
    """Faults and traces of the sagas that are played; not safe for several threads."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._closed: set[str] = set()
        self._strays: deque[Stray] = deque(maxlen=MOST_STRAYS)

    def knows(self, saga_id: str) -> bool:
        """Was this saga ever opened?"""
        return saga_id in self._pages or saga_id in self._closed

    def open(self, saga_id: str, faults: Sequence[Fault] = (), ask: Ask | None = None) -> None:
        """Begin a saga's page; its calls are counted from now on."""
        self._pages[saga_id] = _Page(tuple(faults), ask)

    def close(self, saga_id: str) -> None:
        """Forget a saga's faults and calls; late calls of it pass without faults from now on."""
        self._pages.pop(saga_id, None)
        self._closed.add(saga_id)

    def pick(self, call: Recognised) -> Fault | None:
        """Count one more call and give the fault that meets it; the first of several."""
        page = self._pages.get(call.saga_id)
        if page is None:
            return None
        page.under_way += 1
        page.counted[(call.step, call.role)] += 1
        number = page.counted[(call.step, call.role)]
        return next((fault for fault in page.faults if fault.meets(call.step, call.role, number)), None)

    def asker(self, saga_id: str) -> Ask | None:
        """Give what asks the participants of a saga."""
        page = self._pages.get(saga_id)
        return page.ask if page else None

    def note(self, call: TracedCall) -> None:
        """Add a call that was counted to its saga's trace: it is over."""
        page = self._pages.get(call.saga_id)
        if page is not None:
            page.under_way -= 1
            page.calls.append(call)

    def hold(self, held: Held) -> None:
        """Keep a call that is to be passed on later."""
        page = self._pages.get(held.seen.saga_id)
        if page is not None:
            page.held.append(held)

    def release(self, saga_id: str) -> list[Held]:
        """Give the calls that were kept for later, and forget them."""
        page = self._pages.get(saga_id)
        held = page.held if page else []
        if page is not None:
            page.held = []
        return held

    def note_stray(self, stray: Stray) -> None:
        """Keep a call that is not declared; of very many, the newest."""
        self._strays.append(stray)

    def claim_strays(self, marks: Collection[str]) -> tuple[Stray, ...]:
        """Give the calls that are not declared and bear one of the marks, and forget them."""
        found = tuple(stray for stray in self._strays if stray.is_of(marks))
        self._strays = deque((stray for stray in self._strays if stray not in found), MOST_STRAYS)
        return found

    def all_strays(self) -> tuple[Stray, ...]:
        """Give the calls that are not declared and that nobody has claimed, and forget them."""
        found = tuple(self._strays)
        self._strays.clear()
        return found

    def trace(self, saga_id: str) -> Trace:
        """Give a saga's trace, in the order in which its calls came."""
        page = self._pages.get(saga_id)
        return tuple(sorted(page.calls, key=lambda call: call.at_ms)) if page else ()

    def under_way(self, saga_id: str) -> int:
        """Say how many calls of a saga were counted and are neither over nor kept for later."""
        page = self._pages.get(saga_id)
        return page.under_way - len(page.held) if page else 0
