"""The whole-saga model: what an orchestrated saga may come to under a schedule of faults (pure).

What arrives at one step is `saga_contracts.derive.model`; here the steps stand together: who begins when, who fails, who is
undone, how the saga ends. Both follow the same named choices. Per step first (`Part`: what became of its forward call), then
for the saga (`Run`): which steps were begun by the time that one failed, and what became of their undoing.

* A step without an answer after all its tries is asked for where a status call is declared and `uncertain_pivot` lets it be;
  else, or when that tells nothing, a compensatable one is undone, and for one that only goes forward the owner is told.
* Order is that of `after`, and of the classes: compensatable, pivot, retriable.
* When a step fails, what runs beside it may have begun or not: both are followed (with as little begun as can be, and as
  much). Under `cancel` the call of a sibling may be left on its way.
* A service that dies or stands still disturbs what runs beside: such a step may lose one try.
* The saga's own time (`timeout_ms`) is not part of the model: `scenarios` has a scenario of its own for it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import count, product

from saga_contracts.declare.saga import Completion, Saga, Step, StepClass
from saga_contracts.derive.expectations import Letter, Word
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Fault, Kind, Role, on_the_way
from saga_e2e.derive.tries import Walk, walks


class Outcome(Enum):
    """What the orchestrator holds of a step's forward call."""

    DONE = 1
    FAILED = 2  # refused, clearly: nothing is to be undone
    UNCLEAR = 3  # refused or without an answer, and perhaps applied: it is to be undone
    STUCK = 4  # nobody knows, and it is not undone: the owner is told


@dataclass(frozen=True, slots=True)
class Part:
    """What became of a step's forward call."""

    outcome: Outcome
    walk: Walk
    word: Word
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What a saga may come to.

    Attributes:
        sent: How often each call was sent, by step and role; callbacks and notifications that are there count once.
        words: What arrived for each step.
    """

    end: End
    sent: tuple[tuple[tuple[str, Role], int], ...]
    words: tuple[tuple[str, Word], ...]


_RANK = {StepClass.COMPENSATABLE: 0, StepClass.PIVOT: 1, StepClass.RETRIABLE: 2}
_NEVER_TAKEN = (Kind.REQUEST_LOST, Kind.UNAVAILABLE)


class Model:
    """What one saga may come to.

    Args:
        saga: The saga, with one step for each element of a list.
        skipped: Steps whose condition does not hold.
    """

    def __init__(self, saga: Saga, skipped: Collection[str] = ()) -> None:
        self.saga = saga
        self._skipped = frozenset(skipped)
        self.steps = tuple(step for step in saga.steps if step.step not in self._skipped)
        self._parts: dict[tuple[str, tuple[Fault, ...]], tuple[Part, ...]] = {}

    def ends(self, faults: Sequence[Fault]) -> tuple[End, ...]:
        """Give the ends of the runs in which every fault meets a call, in the order of `End`; none: no run is so."""
        found = {run.end for run in self.runs(faults) if is_met(faults, run)}
        return tuple(end for end in End if end in found)

    def runs(self, faults: Sequence[Fault]) -> frozenset[Run]:
        """Give everything that a saga may come to under a schedule of faults."""
        whole = tuple(part for fault in faults for part in (on_the_way(self.saga, fault) or (fault,)))
        found: set[Run] = set()
        for parts in self._choices(whole):
            found.update(self._together(parts, whole))
        return frozenset(found)

    def _choices(self, faults: tuple[Fault, ...]) -> Iterator[dict[str, Part]]:
        """Give what may become of all forward calls together.

        Steps with faults of their own go through every combination; of the others, which are only disturbed, one at a time.
        """
        met = {fault.step for fault in faults}
        parts = {step.step: self._parts_of(step, faults) for step in self.steps}
        own = [name for name in parts if name in met]
        for chosen in product(*(parts[name] for name in own)):
            base = {name: found[0] for name, found in parts.items()} | dict(zip(own, chosen, strict=True))
            yield base
            yield from (base | {name: part} for name, found in parts.items() if name not in met for part in found[1:])

    def is_before(self, one: str, other: str) -> bool:
        """Is a step over before another one begins?"""
        return one in self._before[other]

    @cached_property
    def _before(self) -> Mapping[str, frozenset[str]]:
        """Give all that is over before each step begins, by the order of the file and of the classes."""
        found: dict[str, frozenset[str]] = {}
        ranked = sorted(self.steps, key=lambda step: (_RANK.get(step.step_class, 0), len(self.saga.ancestors(step.step))))
        for step in ranked:
            direct = {one.step for one in self.steps if one is not step and _comes_before(self.saga, one, step)}
            found[step.step] = frozenset(direct).union(*(found.get(one, frozenset()) for one in direct))
        return found

    # what becomes of a step

    def _parts_of(self, step: Step, faults: tuple[Fault, ...]) -> tuple[Part, ...]:
        own = tuple(fault for fault in faults if fault.step == step.step)
        away = any(self._keeps_away(fault, step) for fault in faults)
        disturbed = any(fault.kills_caller and self._is_beside(fault, step) for fault in faults)
        key = (f"{step.step} {away} {disturbed}", own)
        if key not in self._parts:
            met = [fault for fault in own if fault.role == Role.FORWARD]
            made = walks(step.tries, met, away=away, disturbed=disturbed)
            found = (part for walk in sorted(made, key=_plainest) for part in self._forward(step, walk, own))
            self._parts[key] = tuple(dict.fromkeys((*found, *self._cancelled(step, faults))))
        return self._parts[key]

    def _keeps_away(self, fault: Fault, step: Step) -> bool:
        """Does a fault at another step keep the participant of this one away?"""
        return (
            fault.crashes
            and not fault.kills_caller
            and fault.step != step.step
            and self._is_beside(fault, step)
            and (self.saga.step(fault.step).participant == step.participant)
        )

    def _is_beside(self, fault: Fault, step: Step) -> bool:
        other = fault.step
        return other != step.step and not self.is_before(other, step.step) and not self.is_before(step.step, other)

    def _cancelled(self, step: Step, faults: tuple[Fault, ...]) -> Iterator[Part]:
        """Under `cancel`, what runs beside a step that may fail may be cut off at any moment."""
        cancels = self.saga.policies.siblings_of_failed_step == "cancel" and step.compensate is not None
        if cancels and any(fault.role != Role.COMPENSATE and self._is_beside(fault, step) for fault in faults):
            for arrived in (0, 1):
                yield Part(Outcome.UNCLEAR, Walk(1, arrived, unclear=True, ended=1 - arrived), (Letter.FORWARD,) * arrived)

    def _forward(self, step: Step, walk: Walk, own: tuple[Fault, ...]) -> Iterator[Part]:
        refuses = any(fault.kind == Kind.REFUSED for fault in own)
        later = step.tells_later
        first = Letter.REFUSED if refuses and not later else Letter.FORWARD
        word = (first, *(Letter.FORWARD,) * (walk.arrived - 1)) if walk.arrived else ()
        if walk.arrived and later:
            word = (*word, Letter.CALLBACK_REFUSED if refuses else Letter.DONE)
        silent = later and any(_silences(fault, step) for fault in own)
        if walk.heard and not silent:
            yield self._told(step, walk, word, refuses=refuses)
            return
        if walk.arrived and later and not silent:
            yield self._told(step, walk, word, refuses=refuses)
        yield from self._unanswered(step, walk, word, own, refuses=refuses, waited=walk.heard)

    def _told(self, step: Step, walk: Walk, word: Word, *, refuses: bool, asked: bool = False) -> Part:
        if not refuses:
            return Part(Outcome.DONE, walk, word, asked)
        if self._only_goes_forward(step) and step.step_class != StepClass.PIVOT:
            return Part(Outcome.STUCK, walk, word, asked)
        unclear = walk.unclear and step.step_class == StepClass.COMPENSATABLE
        return Part(Outcome.UNCLEAR if unclear else Outcome.FAILED, walk, word, asked)

    def _unanswered(
        self, step: Step, walk: Walk, word: Word, own: tuple[Fault, ...], *, refuses: bool, waited: bool
    ) -> Iterator[Part]:
        """Follow a step of which nothing is known: asked for, given up, or both where the file leaves it open."""
        policy, pivot = self.saga.policies.uncertain_pivot, step.step_class == StepClass.PIVOT
        may_ask = step.status is not None and not (pivot and policy == "forward")
        no_status = any(fault.role == Role.STATUS and fault.persistent for fault in own)
        lacks = bool(step.forward.outputs)
        may_hear = waited and not (pivot and not may_ask and policy is not None)  # it may also be repeated
        if walk.arrived and ((may_ask and not no_status and not lacks) or may_hear):
            yield self._told(step, walk, word, refuses=refuses, asked=may_ask)
        if not walk.arrived and pivot and may_ask and not no_status:
            yield Part(Outcome.FAILED, walk, word, asked=True)
        # That it is absent decides nothing for who cannot know whether a call of it is still on its way.
        must_ask = pivot and policy == "ask_then_forward" and step.status is not None and walk.arrived and not lacks
        if not must_ask or waited or no_status:
            outcome = Outcome.STUCK if self._only_goes_forward(step) else Outcome.UNCLEAR
            yield Part(outcome, walk, word, asked=may_ask)

    def _only_goes_forward(self, step: Step) -> bool:
        forward = step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE)
        return forward or (step.only_reads and self.saga.goes_only_forward(step.step))

    # what becomes of the saga

    def _together(self, parts: Mapping[str, Part], faults: tuple[Fault, ...]) -> Iterator[Run]:
        begun = self._begun(parts)
        failing = [name for name in begun if self._needed(name) and parts[name].outcome in (Outcome.FAILED, Outcome.UNCLEAR)]
        if not failing:
            yield from self._ended_forward(parts, begun, faults)
            return
        least = [frozenset((name, *(one for one in self._before[name] if one in parts))) for name in failing]
        for some in {frozenset(begun), *least}:
            yield from self._undone(parts, some, faults)

    def _begun(self, parts: Mapping[str, Part]) -> frozenset[str]:
        """Give the steps that are begun when nothing stops the saga but what comes before each."""
        begun: set[str] = set()
        for step in sorted(self.steps, key=lambda one: len(self._before[one.step])):
            before = self._before[step.step]
            if before <= begun and all(parts[one].outcome == Outcome.DONE or not self._needed(one) for one in before):
                begun.add(step.step)
        return frozenset(begun)

    def _ended_forward(self, parts: Mapping[str, Part], begun: frozenset[str], faults: tuple[Fault, ...]) -> Iterator[Run]:
        stuck = {name for name in begun if parts[name].outcome == Outcome.STUCK and self._needed(name)}
        alone = [name for name in begun if self._is_undone(name, parts) and not self._needed(name) and not _is_done(parts[name])]
        for undoing in product(*(self._undoings(name, faults) for name in alone)):
            failed = {name for name, (undone, _) in zip(alone, undoing, strict=True) if not undone}
            ends = [End.ESCALATED if stuck else End.COMMITTED, *([End.ESCALATED] if failed else [])]
            for end in dict.fromkeys(ends):
                told = (stuck | failed) if end == End.ESCALATED else set()
                yield self._run(end, parts, begun, dict(zip(alone, undoing, strict=True)), told)

    def _undone(self, parts: Mapping[str, Part], begun: frozenset[str], faults: tuple[Fault, ...]) -> Iterator[Run]:
        undone = [name for name in (step.step for step in self.steps) if name in begun and self._is_undone(name, parts)]
        for undoing in product(*(self._undoings(name, faults) for name in undone)):
            by_name = dict(zip(undone, undoing, strict=True))
            failed = {name for name, (well, _) in by_name.items() if not well}
            if failed and self.saga.policies.failing_compensation == "stop":
                by_name = {name: one for name, one in by_name.items() if not self._waits_for(name, failed)}
            yield self._run(End.ESCALATED if failed else End.COMPENSATED, parts, begun, by_name, failed)

    def _is_undone(self, name: str, parts: Mapping[str, Part]) -> bool:
        is_undoable = self.saga.step(name).step_class == StepClass.COMPENSATABLE
        return is_undoable and parts[name].outcome in (Outcome.DONE, Outcome.UNCLEAR)

    def _undoings(self, name: str, faults: tuple[Fault, ...]) -> tuple[tuple[bool, Walk], ...]:
        """Give what may become of an undoing: did it end well, and its calls."""
        step = self.saga.step(name)
        if step.compensate is None:  # there is none yet: its effect stays, and the owner is told
            return ((True, Walk()), (False, Walk()))
        met = [fault for fault in faults if (fault.step, fault.role) == (name, Role.COMPENSATE)]
        found: dict[tuple[bool, Walk], None] = {}
        for walk in sorted(walks(step.undo_tries, met), key=_plainest):
            if walk.heard or (walk.arrived and step.status is not None):
                found[(True, walk)] = None
            if not walk.heard:
                found[(False, walk)] = None
        return tuple(found)

    def _waits_for(self, name: str, failed: set[str]) -> bool:
        return bool(self.saga.undo_graph.ancestors(name) & failed)

    def _needed(self, name: str) -> bool:
        return not self.saga.step(name).optional

    def _run(
        self,
        end: End,
        parts: Mapping[str, Part],
        begun: frozenset[str],
        undoing: Mapping[str, tuple[bool, Walk]],
        told: Collection[str],
    ) -> Run:
        sent: dict[tuple[str, Role], int] = {}
        words: list[tuple[str, Word]] = []
        for step in (one for one in self.steps if one.step in begun):
            part, undo = parts[step.step], undoing.get(step.step, (True, Walk()))[1]
            sent[(step.step, Role.FORWARD)] = part.walk.sent
            if step.completion == Completion.CALLBACK and part.walk.arrived:
                sent[(step.step, Role.CALLBACK)] = 1
            if part.asked or (step.polls and part.walk.arrived):
                sent[(step.step, Role.STATUS)] = 1
            if undo.sent:
                sent[(step.step, Role.COMPENSATE)] = undo.sent
            words.append((step.step, _word(part, undo)))
        if end == End.ESCALATED and self.saga.policies.owner_notification is not None:
            sent |= {(name, Role.NOTIFICATION): 1 for name in told}
        return Run(end, tuple(sorted(sent.items())), tuple(words))


def is_met(faults: Sequence[Fault], run: Run) -> bool:
    """Does every fault meet a call of this run?"""
    sent = dict(run.sent)
    return all(_meets(fault, faults, sent) for fault in faults)


def _meets(fault: Fault, faults: Sequence[Fault], sent: Mapping[tuple[str, Role], int]) -> bool:
    times = sent.get((fault.step, fault.role), 0)
    if fault.role == Role.CREATION:
        return True
    if fault.kind == Kind.LATE_AFTER_UNDO and not sent.get((fault.step, Role.COMPENSATE)):
        return False
    if fault.kind == Kind.REFUSED:
        return times > 0
    if fault.occurrence is not None:
        return times >= fault.occurrence
    same = {one.occurrence for one in faults if (one.step, one.role) == (fault.step, fault.role)}
    return next(number for number in count(1) if number not in same) <= times


def _word(part: Part, undo: Walk) -> Word:
    undone = (Letter.COMPENSATE,) * undo.arrived
    late = (Letter.FORWARD,) * (part.walk.undone if undo.heard else 0)
    after = part.walk.ended + (0 if undo.heard else part.walk.undone)
    return (*part.word, *undone, *late, *(Letter.FORWARD,) * after, *(Letter.COMPENSATE,) * undo.ended)


def _plainest(walk: Walk) -> tuple[object, ...]:
    return (not walk.heard, walk.sent, walk.arrived, repr(walk))


def _is_done(part: Part) -> bool:
    return part.outcome == Outcome.DONE


def _silences(fault: Fault, step: Step) -> bool:
    """Does a fault keep for good what a step tells later from its orchestrator?"""
    if fault.role == Role.CALLBACK:
        return fault.persistent and fault.kind in _NEVER_TAKEN
    return step.polls and fault.role == Role.STATUS and fault.persistent


def _comes_before(saga: Saga, one: Step, other: Step) -> bool:
    first, second = _RANK.get(one.step_class), _RANK.get(other.step_class)  # a step that only reads stands where `after` says
    return one.step in saga.ancestors(other.step) or (first is not None and second is not None and first < second)
