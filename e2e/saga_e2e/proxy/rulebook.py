"""Which fault meets which call: the faults of every saga that is played, and what they have met so far (pure bookkeeping).

Calls are counted per saga, step and role, so that "the second try" means the same whatever else is under way. Calls that no saga
file declares are kept apart, until somebody says that they are of his saga.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from saga_e2e.derive.faults import Fault, Kind, Role
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
    cut: dict[tuple[str, Role], tuple[float, Fault]] = field(default_factory=dict)
    stops_after: str = ""
    stopped: bool = False
    under_way: int = 0


class Rulebook:
    """Faults and traces of the sagas that are played; not safe for several threads."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._closed: set[str] = set()
        self._strays: deque[Stray] = deque(maxlen=MOST_STRAYS)
        self._strangers: dict[str, Stray] = {}

    def knows(self, saga_id: str) -> bool:
        """Was this saga ever opened?"""
        return saga_id in self._pages or saga_id in self._closed

    def open(self, saga_id: str, faults: Sequence[Fault] = (), ask: Ask | None = None, stops_after: str = "") -> None:
        """Begin a saga's page; its calls are counted from now on."""
        self._pages[saga_id] = _Page(tuple(faults), ask, stops_after=stops_after)
        self._strangers.pop(saga_id, None)

    def add(self, saga_id: str, faults: Sequence[Fault]) -> None:
        """Let further faults meet a saga's calls from now on; tries are counted from now on, too."""
        page = self._pages.get(saga_id)
        if page is not None:
            page.faults = (*page.faults, *faults)
            for fault in faults:
                page.counted.pop((fault.step, fault.role), None)

    def stops(self, saga_id: str) -> bool:
        """Is the saga to stand still now, since the step after which it stops is done?"""
        page = self._pages.get(saga_id)
        return page is not None and page.stopped

    def go_on(self, saga_id: str) -> None:
        """Let a saga go on that stands still."""
        page = self._pages.get(saga_id)
        if page is not None:
            page.stopped, page.stops_after = False, ""

    def close(self, saga_id: str) -> None:
        """Forget a saga's faults and calls; late calls of it pass without faults from now on."""
        self._pages.pop(saga_id, None)
        self._closed.add(saga_id)

    def pick(self, call: Recognised, at_ms: float = 0.0) -> Fault | None:
        """Count one more call and give the fault that meets it; the first of several.

        Args:
            call: The call.
            at_ms: When it came: what was cut off stays so for its time.
        """
        page = self._pages.get(call.saga_id)
        if page is None:
            return None
        page.under_way += 1
        page.counted[(call.step, call.role)] += 1
        place = (call.step, call.role)
        until_ms, cut = page.cut.get(place, (0.0, None))
        if cut is not None and at_ms < until_ms:
            return cut
        fault = next((one for one in page.faults if one.meets(*place, page.counted[place])), None)
        if fault is not None and fault.kind == Kind.CUT:
            page.cut[place] = (at_ms + fault.lasts_ms, fault)
        return fault

    def awaits(self, saga_id: str, step: str, kind: Kind) -> bool:
        """Is a fault of this kind to meet a call of this step?"""
        page = self._pages.get(saga_id)
        return page is not None and any((fault.step, fault.kind) == (step, kind) for fault in page.faults)

    def busy(self, saga_id: str, more: int) -> None:
        """Count something that is under way besides calls: +1 when it begins, -1 when it is over."""
        page = self._pages.get(saga_id)
        if page is not None:
            page.under_way += more

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
            page.stopped |= call.step == page.stops_after and "done" in (call.heard, call.told)

    def hold(self, held: Held) -> None:
        """Keep a call that is to be passed on later."""
        page = self._pages.get(held.seen.saga_id)
        if page is not None:
            page.held.append(held)

    def release(self, saga_id: str, undone: str | None = None) -> list[Held]:
        """Give the calls that were kept for later, and forget them.

        Args:
            saga_id: Whose.
            undone: Only those that wait for the undoing of this step.
        """
        page = self._pages.get(saga_id)
        if page is None:
            return []
        given = [
            held
            for held in page.held
            if undone in (None, held.seen.step) and (undone is None or held.fault.kind == Kind.LATE_AFTER_UNDO)
        ]
        page.held = [held for held in page.held if held not in given]
        return given

    def note_stray(self, stray: Stray) -> None:
        """Keep a call that is not declared; of very many, the newest."""
        self._strays.append(stray)

    def note_stranger(self, saga_id: str, stray: Stray) -> None:
        """Keep the first call of a saga that nobody has named; when it is opened after all, the call is forgotten."""
        if len(self._strangers) < MOST_STRAYS:
            self._strangers.setdefault(saga_id, replace(stray, stranger=saga_id))

    def claim_strays(self, marks: Collection[str]) -> tuple[Stray, ...]:
        """Give the calls that are not declared, or of sagas of nobody, and bear one of the marks, and forget them."""
        found = tuple(stray for stray in (*self._strays, *self._strangers.values()) if stray.is_of(marks))
        self._strays = deque((stray for stray in self._strays if stray not in found), MOST_STRAYS)
        self._strangers = {saga_id: stray for saga_id, stray in self._strangers.items() if stray not in found}
        return found

    def all_strays(self) -> tuple[Stray, ...]:
        """Give the calls that are not declared, or of sagas of nobody, and that nobody has claimed, and forget them."""
        found = (*self._strays, *self._strangers.values())
        self._strays.clear()
        self._strangers.clear()
        return found

    def trace(self, saga_id: str) -> Trace:
        """Give a saga's trace, in the order in which its calls came."""
        page = self._pages.get(saga_id)
        return tuple(sorted(page.calls, key=lambda call: call.at_ms)) if page else ()

    def under_way(self, saga_id: str) -> int:
        """Say how many calls of a saga were counted and are neither over nor kept for later."""
        page = self._pages.get(saga_id)
        return page.under_way - len(page.held) if page else 0
