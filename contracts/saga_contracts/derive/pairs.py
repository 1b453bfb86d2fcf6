"""Pair decks: two steps of one saga at the same participant, and every mixed order in which their calls can arrive (pure).

What each step must do is what its own deck says: the calls of one step must not touch the other. So a pair deck finds a
participant that tells steps apart by the saga alone, or whose undoing of one step takes the other with it (O24).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saga_contracts.declare import elements, templates
from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import Request, Saga, Step, StepClass
from saga_contracts.derive import decks, model_pair
from saga_contracts.derive.adoption import Level
from saga_contracts.derive.decks import MAX_FAULTS, History, Play
from saga_contracts.derive.expectations import REFUSALS, Letter, Word, World, declared
from saga_contracts.derive.facts import PairFacts, pair_facts, pairs_of
from saga_contracts.derive.model import DERIVATION, Rules
from saga_contracts.derive.model_pair import PairRules, PairWord, Third
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.wire import keys

FAULTS_OF_PAIRS = {2: 1, 1: 10}
"""For so many faults in a mixed history at most, a pact may have so many pairs: two faults are a thousand histories of one pair,
and one fault fifty. Of more pairs those without any fault are played, and those that the obligations speak of."""


OF_PAIR = " (pair)"
"""How the name of a mixed history ends, so that it is told apart from those of one step."""


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

    @property
    def name(self) -> str:
        """Its word, told apart."""
        return f"{self.word}{OF_PAIR}"


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
    return pairs_of(_unfolded(saga))


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
    return of_slices((step_slice(saga, first), step_slice(saga, second)), pair_facts(saga, first, second), faults)


def in_pact(slices: Sequence[StepSlice], faults: int = 1, second: tuple[str, str] | None = None) -> Iterator[PairDeck]:
    """Derive the decks of all pairs of which a pact carries both slices, but for steps that are phases of one work.

    Args:
        slices: Those of the pact.
        faults: The most faults in one history; of many pairs fewer are played (`FAULTS_OF_PAIRS`).
        second: Saga and step, where only the pairs are asked for of which that is the second step.
    """
    found = list(_in_pact(slices))
    most = next((number for number, pairs_ in FAULTS_OF_PAIRS.items() if len(found) <= pairs_), 0)
    for first, later, facts in found:
        if second in (None, (later.saga, later.step.step)):
            yield of_slices((first, later), facts, min(faults, most))


def _in_pact(slices: Sequence[StepSlice]) -> Iterator[tuple[StepSlice, StepSlice, PairFacts]]:
    known = {(one.saga, one.step.step): one for one in slices}
    for second in slices:
        for facts in second.facts.pairs or ():
            first = known.get((second.saga, facts.beside))
            if first is not None and not are_phases(first, second):
                yield first, second, facts


def are_phases(first: StepSlice, second: StepSlice) -> bool:
    """Does the second step go on with what the first one began, under its key, such as a confirmation?

    Then what becomes of the one is what the other did, and the two cannot be judged apart.
    """
    return first.step.step in second.key_forms or keys.key_of(first.step, "saga") == keys.key_of(second.step, "saga")


def played(deck: PairDeck, slices: tuple[StepSlice, StepSlice]) -> tuple[PairHistory, ...]:
    """Give the histories of a pair that are played besides the decks of its steps: those in which both are called.

    From level 2 on; and none that needs a payload which one of the steps refuses: a saga has one payload for all its steps.
    """
    if min(one.level for one in slices) < Level.STATUS:
        return ()
    refusing = {one.step.step for one in slices if one.step.given.refusing_payload}
    return tuple(
        history
        for history in deck.histories
        if len({one.step for one in history.plays}) > 1
        and not any(one.step in refusing and one.play.letter in REFUSALS for one in history.plays)
    )


def of_slices(slices: tuple[StepSlice, StepSlice], facts: PairFacts, faults: int = 1) -> PairDeck:
    """Derive the deck of two steps from their slices.

    Args:
        slices: Of the first and the second step of the pair.
        facts: What the saga does with both; they stand in the second slice.
        faults: The most faults in one history, 0 to 4.
    """
    steps = (slices[0].step, slices[1].step)
    rules = _rules(slices, facts)
    cost: dict[PairWord, int | None] = {}
    for budget in range(faults + 1):
        for word in model_pair.words(rules, budget):
            cost.setdefault(word, budget)
    for word in _always(rules, slices):
        cost.setdefault(word, None)
    histories = sorted((_history(slices, word, cost[word]) for word in cost), key=lambda one: (len(one.plays), one.word))
    shas = (slices[0].sha, slices[1].sha)
    names = (steps[0].step, steps[1].step)
    return PairDeck(slices[0].saga, names, steps[0].participant, faults, shas, _shared(*steps), tuple(histories))


def _unfolded(saga: Saga) -> Saga:
    return elements.unfolded(saga, saga.payload.example, most=2)


def _rules(slices: tuple[StepSlice, StepSlice], facts: PairFacts) -> PairRules:
    return PairRules(
        steps=(Rules.of(slices[0]), Rules.of(slices[1])),
        ordered=facts.ordered,
        waits_for_others=facts.waits_for_others,
        optional=(slices[0].step.optional, slices[1].step.optional),
        thirds=frozenset(Third(before, after) for before, after in facts.thirds),
        cancels=slices[1].policies.siblings_of_failed_step == "cancel",
        undo_waits=facts.undo_waits,
        skipped=frozenset(facts.skipped),
    )


def _always(rules: PairRules, slices: tuple[StepSlice, StepSlice]) -> Iterator[PairWord]:
    """Give the words that O24 speaks of: undoing one step, with the other one done.

    A first step is not undone before a second one that waits for it; but where that second one is never undone, the saga is over
    once it is done, and who then undoes the first may be told that it is impossible, if the file says so (O13).
    """
    done = [tuple((number, letter) for letter in _done(rules.steps[number])) for number in (0, 1)]
    yield (*done[0], *done[1])
    for number in (0, 1):
        too_early = number == 0 and rules.ordered and not (ends_with(slices) and can_be_impossible(slices[0]))
        if rules.steps[number].can_be_undone and not too_early:
            yield (*done[0], *done[1], (number, Letter.COMPENSATE))
    if all(one.can_be_undone for one in rules.steps):
        yield (*done[0], *done[1], (1, Letter.COMPENSATE), (0, Letter.COMPENSATE))


def ends_with(slices: tuple[StepSlice, StepSlice]) -> bool:
    """Can the saga only go forward once the second step is done?"""
    return slices[1].step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE)


def can_be_impossible(slice_: StepSlice) -> bool:
    """Does a step declare that its undoing may be impossible?"""
    return bool(declared(slice_.step, "compensate", "impossible"))


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
