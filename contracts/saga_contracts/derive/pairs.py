"""Pair decks: two steps of one saga at the same participant, and every mixed order in which their calls can arrive (pure).

What each step must do is what its own deck says: the calls of one step must not touch the other. So a pair deck finds a
participant that tells steps apart by the saga alone, or whose undoing of one step takes the other with it (O24).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from saga_contracts.declare import elements, templates
from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import Request, Saga, Step
from saga_contracts.derive import decks, model_pair
from saga_contracts.derive.decks import MAX_FAULTS, History, Play
from saga_contracts.derive.expectations import Letter, Word, World
from saga_contracts.derive.model import DERIVATION, Rules
from saga_contracts.derive.model_pair import PairRules, PairWord, Third
from saga_contracts.derive.slices import StepSlice, fails_the_saga, may_be_pending_at_the_end, step_slice


@dataclass(frozen=True, slots=True)
class PairPlay:
    """One event of a pair history: whose it is, and what must follow it."""

    step: str
    play: Play


@dataclass(frozen=True, slots=True)
class PairHistory:
    """One mixed arrival sequence.

    Attributes:
        word: Its events, such as `reserve:F charge:F reserve:C`.
        faults: The least number of faults that causes it; None when it is in the deck for its obligation only.
        plays: Each event with what must follow it.
        worlds: What each step's probe must read at the end; None when the probes read the same place and the other step's effect
            stands there as well, so that neither can be judged.
        obligations: All that this history checks, in the catalogue's order.
    """

    word: str
    faults: int | None
    plays: tuple[PairPlay, ...]
    worlds: tuple[World | None, World | None]
    obligations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairDeck:
    """All mixed histories of two steps for k faults."""

    saga: str
    steps: tuple[str, str]
    participant: str
    faults: int
    slice_shas: tuple[str, str]
    shared_states: tuple[str, ...]
    histories: tuple[PairHistory, ...]
    derivation: int = DERIVATION

    def claim(self) -> str:
        """Say honestly what was checked and what was not."""
        text = (
            f"Checked: one saga instance, the steps {self.steps[0]} and {self.steps[1]}, calls one after another, each atomic, "
            f"one version, unchanged surroundings: every mixed arrival history of at most {self.faults} "
            f"fault{'s' if self.faults != 1 else ''} under this file's policies (derivation v{self.derivation}), "
            f"{len(self.histories)} histories. "
            "Not checked: other sagas on the same data, time, crashes, overlap, three steps at once."
        )
        if self.shared_states:
            names = ", ".join(self.shared_states)
            text += f" Both steps ask for the precondition {names}: who plays the deck has to grant what both need together."
        return text


def pairs(saga: Saga) -> list[tuple[str, str]]:
    """Give every two steps of a saga that are at the same participant, in an order in which they can run.

    A step that is run for each element of a list is there for two of them, as `ship:0` and `ship:1`.
    """
    saga = _unfolded(saga)
    found = []
    for index, first in enumerate(saga.steps):
        for second in saga.steps[index + 1 :]:
            if first.participant == second.participant and not (first.only_reads or second.only_reads):
                swap = second.step in saga.ancestors(first.step)
                found.append((second.step, first.step) if swap else (first.step, second.step))
    return found


def derive_pair(saga: Saga, first: str, second: str, faults: int = 1) -> PairDeck:
    """Derive the deck of two steps.

    Args:
        saga: The saga of both.
        first: The step that comes earlier, when one waits for the other.
        second: The other step.
        faults: The most faults in one history, 0 to 4.

    Raises:
        KeyError: when the saga has no such step.
        ValueError: when `faults` is out of range, or the steps are not two at the same participant.
    """
    if not 0 <= faults <= MAX_FAULTS:
        raise ValueError(f"The number of faults must be 0 to {MAX_FAULTS}, not {faults}.")
    saga = _unfolded(saga)
    steps = (saga.step(first), saga.step(second))
    if first == second or steps[0].participant != steps[1].participant:
        raise ValueError(f"{first} and {second} are not two steps at the same participant.")
    if second in saga.ancestors(first):
        return derive_pair(saga, second, first, faults)
    slices = (step_slice(saga, first), step_slice(saga, second))
    rules = _rules(saga, slices)
    cost: dict[PairWord, int | None] = {}
    for budget in range(faults + 1):
        for word in model_pair.words(rules, budget):
            cost.setdefault(word, budget)
    for word in _always(rules):
        cost.setdefault(word, None)
    histories = sorted((_history(slices, word, cost[word]) for word in cost), key=lambda one: (len(one.plays), one.word))
    shas = (slices[0].sha, slices[1].sha)
    return PairDeck(saga.saga, (first, second), steps[0].participant, faults, shas, _shared(*steps), tuple(histories))


def _unfolded(saga: Saga) -> Saga:
    return elements.unfolded(saga, saga.payload.example, most=2)


def _rules(saga: Saga, slices: tuple[StepSlice, StepSlice]) -> PairRules:
    first, second = slices[0].step.step, slices[1].step.step
    before = (saga.ancestors(first), saga.ancestors(second))
    others = [step for step in saga.steps if step.step not in (first, second) and fails_the_saga(step, saga.policies)]
    thirds = {
        Third(
            before=(step.step in before[0], step.step in before[1]),
            after=(first in saga.ancestors(step.step), second in saga.ancestors(step.step)),
        )
        for step in others
    }
    thirds |= _out_of_time(saga, first, second)
    return PairRules(
        steps=(Rules.of(slices[0]), Rules.of(slices[1])),
        ordered=first in before[1],
        waits_for_others=(bool(before[0] - before[1] - {second}), bool(before[1] - before[0] - {first})),
        optional=(slices[0].step.optional, slices[1].step.optional),
        thirds=frozenset(thirds),
        cancels=saga.policies.siblings_of_failed_step == "cancel",
        undo_waits=(second in saga.undo_graph.ancestors(first), first in saga.undo_graph.ancestors(second)),
        skipped=_skipped(saga.step(first), saga.step(second)),
    )


def _out_of_time(saga: Saga, first: str, second: str) -> set[Third]:
    """The saga's time may be over as long as a step has not begun; then it is as if another step had failed."""
    found = set()
    for step in may_be_pending_at_the_end(saga):
        before = [step.step in {name, *saga.ancestors(name)} for name in (first, second)]
        found.add(Third(before=(before[0], before[1]), after=(False, False)))
    return found


def _skipped(first: Step, second: Step) -> frozenset[tuple[bool, bool]]:
    """Give the branches that the conditions of two steps make: for each, which of them do not run."""
    choices = [(False,) if step.when is None else (False, True) for step in (first, second)]
    together = first.when is not None and first.when == second.when
    return frozenset((one, other) for one in choices[0] for other in choices[1] if one == other or not together)


def _always(rules: PairRules) -> Iterator[PairWord]:
    """Give the words that O24 speaks of: undoing one step, with the other one done."""
    done = [tuple((number, letter) for letter in _done(rules.steps[number])) for number in (0, 1)]
    yield (*done[0], *done[1])
    for number in (0, 1):
        if rules.steps[number].can_be_undone:
            yield (*done[0], *done[1], (number, Letter.COMPENSATE))
    if all(one.can_be_undone for one in rules.steps):
        yield (*done[0], *done[1], (1, Letter.COMPENSATE), (0, Letter.COMPENSATE))


def _done(rules: Rules) -> Word:
    return (Letter.FORWARD, Letter.DONE) if rules.callback else (Letter.FORWARD,)


def _history(slices: tuple[StepSlice, StepSlice], word: PairWord, faults: int | None) -> PairHistory:
    names = (slices[0].step.step, slices[1].step.step)
    alone = [_alone(slices[number], tuple(letter for whose, letter in word if whose == number)) for number in (0, 1)]
    following = [iter(one.plays if one else ()) for one in alone]
    plays = tuple(PairPlay(names[number], next(following[number])) for number, _ in word)
    checked = {obligation for one in alone if one for obligation in one.obligations}
    if any(letter == Letter.COMPENSATE for _, letter in word) and all(alone):
        checked.add("O24")
    text = " ".join(f"{names[number]}:{letter}" for number, letter in word)
    return PairHistory(text, faults, plays, _worlds(slices, alone), tuple(sorted(checked, key=order_of)))


def _alone(slice_: StepSlice, word: Word) -> History | None:
    return decks.history_of(slice_, word) if word else None


def _worlds(slices: tuple[StepSlice, StepSlice], alone: list[History | None]) -> tuple[World | None, World | None]:
    worlds = tuple(one.world if one else World.BEFORE for one in alone)
    probes = [slice_.step.probe.request if slice_.step.probe else None for slice_ in slices]
    same_place = probes[0] is not None and probes[0] == probes[1] and not _names_the_element(probes[0])
    judged = [None if same_place and worlds[1 - number] == World.APPLIED else worlds[number] for number in (0, 1)]
    return judged[0], judged[1]


def _names_the_element(request: Request) -> bool:
    return any(name.partition(".")[0] in elements.ROOTS for name in templates.names_in(request.model_dump()))


def _shared(first: Step, second: Step) -> tuple[str, ...]:
    names = [{state.state for state in (*step.given.enough, *step.given.refusing)} for step in (first, second)]
    return tuple(sorted(names[0] & names[1]))
