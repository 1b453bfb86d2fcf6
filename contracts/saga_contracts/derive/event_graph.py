"""What follows from what in a choreographed saga: which events lead to which, and what can have been done before one (pure).

A *move* is one thing that happens: the start, a reaction with its outcome, a time-out, a join that waited in vain. Each needs
some events and gives others. A *course* is a set of moves that together lead to an event, each with what it needs; no reaction
has two outcomes in it. Whether courses exist is all that the static obligations ask: no order of arrival is played here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product

from saga_contracts.declare.choreography.reactions import Reaction, Timer
from saga_contracts.declare.saga import Saga

START = "start"
MOST_COURSES = 24
"""So many ways to one event are looked at."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens.

    Attributes:
        by: The reaction, timer or step; `start` for the begin.
        outcome: `done`, `refused`, `timed out`, `in vain` (a join), `begun`.
        participant: Who does it; empty for the begin from outside.
        needs: The events that must have come, for each way in which it can happen.
        gives: The events that it publishes.
    """

    by: str
    outcome: str
    participant: str
    needs: tuple[tuple[str, ...], ...]
    gives: tuple[str, ...]

    @property
    def is_failure(self) -> bool:
        """Does it say that something did not come about?"""
        return self.outcome in ("refused", "timed out", "in vain", "dead-lettered")


Course = tuple[Move, ...]
"""Moves in an order in which they can happen."""


@dataclass(frozen=True)
class EventGraph:
    """The events of a saga, and what publishes and hears them.

    Attributes:
        saga: The saga.
    """

    saga: Saga
    _courses: dict[str, tuple[Course, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Everything that can happen."""
        saga = self.saga
        found = [] if saga.start is None else [Move(START, "begun", saga.start.participant or "", ((),), (saga.start.event,))]
        found += [
            Move(event.step, "done", event.publisher, ((),), (name,))
            for name, event in saga.events.items()
            if event.step is not None
        ]
        for reaction in saga.reactions:
            found += _moves_of(reaction)
        found += [Move(one.timer, "timed out", one.participant, ((one.starts,),), (one.emits,)) for one in saga.timers]
        poison = saga.policies.poison
        if poison is not None and poison.emits is not None:
            heard = dict.fromkeys(name for one in saga.reactions for name in one.on.events)
            found.append(Move("poison", "dead-lettered", poison.tells, tuple((name,) for name in heard), (poison.emits,)))
        return tuple(found)

    @cached_property
    def publishing(self) -> Mapping[str, tuple[Move, ...]]:
        """By event, the moves that publish it."""
        found: dict[str, list[Move]] = {}
        for move in self.moves:
            for event in move.gives:
                found.setdefault(event, []).append(move)
        return {event: tuple(moves) for event, moves in found.items()}

    @cached_property
    def hearing(self) -> Mapping[str, tuple[str, ...]]:
        """By event, the reactions and timers that hear it."""
        found: dict[str, list[str]] = {}
        for reaction in self.saga.reactions:
            for event in reaction.on.events:
                found.setdefault(event, []).append(reaction.reaction)
        for timer in self.saga.timers:
            for event in (timer.starts, *timer.ends):
                found.setdefault(event, []).append(timer.timer)
        return {event: tuple(dict.fromkeys(names)) for event, names in found.items()}

    @cached_property
    def failures(self) -> tuple[Move, ...]:
        """The moves that say that something did not come about, without which the run cannot go on, and publish it."""
        optional = {one.reaction for one in self.saga.reactions if one.optional}
        optional |= {one.timer for one in self.saga.timers if one.optional}
        return tuple(move for move in self.moves if move.is_failure and move.gives and move.by not in optional)

    def courses(self, event: str) -> tuple[Course, ...]:
        """Give ways in which an event comes about, as far as there are not too many; none goes round in a circle."""
        if event not in self._courses:
            ways = [(move, needed) for move, needed, given in self.forward if given == event]
            every = (course for way in ways for course in self._courses_to(*way))
            self._courses[event] = tuple(dict.fromkeys(islice(every, MOST_COURSES)))
        return self._courses[event]

    def before(self, move: Move) -> Iterator[Course]:
        """Give ways in which a move comes about, the move last."""
        for needed in move.needs:
            yield from self._courses_to(move, needed)

    def _courses_to(self, move: Move, needed: tuple[str, ...]) -> Iterator[Course]:
        for choice in islice(product(*(self.courses(event) for event in needed)), MOST_COURSES):
            merged = merge([*choice, (move,)])
            if merged is not None:
                yield merged

    @cached_property
    def forward(self) -> tuple[tuple[Move, tuple[str, ...], str], ...]:
        """Everything that leads from events to another one, but for what would close a circle; the start's own first."""
        order = self._ranks()
        late = len(order)
        every = [(move, needed, given) for move in self.moves for needed in move.needs for given in move.gives]
        every.sort(key=lambda one: max((order.get(event, late) for event in one[1]), default=-1))
        after: dict[str, set[str]] = {}
        found = []
        for move, needed, given in every:
            if given not in needed and not any(event in _reached(after, given) for event in needed):
                found.append((move, needed, given))
                for event in needed:
                    after.setdefault(event, set()).add(given)
        return tuple(found)

    def _ranks(self) -> dict[str, int]:
        """Give, for each event that a run may lead to, how soon."""
        order: dict[str, int] = {}
        grows = True
        while grows:
            new = [
                event
                for move in self.moves
                if any(all(one in order for one in needed) for needed in move.needs)
                for event in move.gives
                if event not in order
            ]
            rank = max(order.values(), default=-1) + 1
            order |= dict.fromkeys(new, rank)
            grows = bool(new)
        return order

    def following(self, events: Collection[str], known: Iterable[str]) -> tuple[str, ...]:
        """Give the reactions and timers that events lead to, when all that can succeed does.

        Args:
            events: The events, which come together.
            known: Events that came before, such as the other parts of a join.
        """
        new, old = set(events), set(known) - set(events)
        found: dict[str, None] = {}
        grows = True
        while grows:
            grows = False
            for move in self.moves:
                if move.by in found or move.outcome in ("refused", "begun"):
                    continue
                if any(set(needed) <= new | old and set(needed) & new for needed in move.needs):
                    found[move.by], grows = None, True
                    new |= set(move.gives)
        return tuple(found)

    @cached_property
    def circles(self) -> tuple[tuple[str, ...], ...]:
        """Give the sets of events that lead to one another, each in the order of the file."""
        after = {name: self._direct(name) for name in self.saga.events}
        reached = {name: _reached(after, name) for name in after}
        found: dict[tuple[str, ...], None] = {}
        for name in after:
            circle = tuple(other for other in after if other in reached[name] and name in reached[other])
            if circle and name in reached[name]:
                found[circle] = None
        return tuple(found)

    def _direct(self, event: str) -> set[str]:
        return {given for move in self.moves if any(event in needed for needed in move.needs) for given in move.gives}


def merge(courses: Sequence[Course]) -> Course | None:
    """Put courses together, each move once; None when a reaction would have two outcomes."""
    outcomes: dict[str, Move] = {}
    for course in courses:
        for move in course:
            if outcomes.setdefault(move.by, move).outcome != move.outcome:
                return None
    return tuple(outcomes.values())


def _moves_of(reaction: Reaction) -> Iterator[Move]:
    on, name, who = reaction.on, reaction.reaction, reaction.participant
    needs = tuple((event,) for event in on.any) + ((on.all,) if on.all else ())
    yield Move(name, "done", who, needs, reaction.emits.done)
    if reaction.emits.refused or reaction.given.can_refuse:
        yield Move(name, "refused", who, needs, reaction.emits.refused)
    if on.all and on.otherwise is not None:
        yield Move(name, "in vain", who, tuple((event,) for event in on.all), (on.otherwise,))


def _reached(after: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(after.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += after.get(name, ())
    return found


def timers_of(saga: Saga) -> Mapping[str, Timer]:
    """Give the timers by their names."""
    return {one.timer: one for one in saga.timers}
