"""Which fault meets which call: the faults of every saga that is played, and what they have met so far (pure bookkeeping).

Calls are counted per saga, step and role, so that "the second try" means the same whatever else is under way.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from saga_e2e.derive.faults import Fault, Role
from saga_e2e.proxy.calls import Recognised
from saga_e2e.proxy.trace import Trace, TracedCall


@dataclass(slots=True)
class _Page:
    """What is kept for one saga."""

    faults: tuple[Fault, ...]
    hits: list[int]
    counted: Counter[tuple[str, Role]] = field(default_factory=Counter)
    calls: list[TracedCall] = field(default_factory=list)
    under_way: int = 0


class Rulebook:
    """Faults, hits and traces of the sagas that are played; not safe for several threads."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._closed: set[str] = set()

    def knows(self, saga_id: str) -> bool:
        """Was this saga ever opened?"""
        return saga_id in self._pages or saga_id in self._closed

    def open(self, saga_id: str, faults: Sequence[Fault] = ()) -> None:
        """Begin a saga's page; its calls are counted from now on."""
        self._pages[saga_id] = _Page(tuple(faults), [0] * len(faults))

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
        for index, fault in enumerate(page.faults):
            if fault.meets(call.step, call.role, number):
                page.hits[index] += 1
                return fault
        return None

    def note(self, call: TracedCall) -> None:
        """Add a call that was counted to its saga's trace: it is over."""
        page = self._pages.get(call.saga_id)
        if page is not None:
            page.under_way -= 1
            page.calls.append(call)

    def trace(self, saga_id: str) -> Trace:
        """Give a saga's trace, in the order in which its calls came."""
        page = self._pages.get(saga_id)
        return tuple(sorted(page.calls, key=lambda call: call.at_ms)) if page else ()

    def under_way(self, saga_id: str) -> int:
        """Say how many calls of a saga were counted and are not over."""
        page = self._pages.get(saga_id)
        return page.under_way if page else 0

    def hits(self, saga_id: str) -> tuple[int, ...]:
        """Say how many calls each fault of a saga has met, in the faults' order."""
        page = self._pages.get(saga_id)
        return tuple(page.hits) if page else ()
