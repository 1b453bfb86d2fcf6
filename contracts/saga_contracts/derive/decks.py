"""Decks: for one step, every arrival history that at most k faults can cause, with what the participant must do (pure).

The words come from `model`. A few more are always in the deck, however small k is: they are what the obligations themselves
speak of (a compensation that was never preceded by its forward call, a forward call after its compensation, …). What every reply
may be, what the status call must answer after every prefix and what the effect probe must read is said by `expectations`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Under
from saga_contracts.derive import expectations, model
from saga_contracts.derive.expectations import CALLBACKS, REFUSALS, Expectation, Letter, Situation, Word, World
from saga_contracts.derive.model import DERIVATION, Rules
from saga_contracts.derive.slices import StepSlice
from saga_contracts.wire import fresh

MAX_FAULTS = 4
_UNPLAYED = ("other sagas on the same data", "overlap", "crash and lost acknowledgement", "further instances")
_NEVER = ("time", "version change in mid-saga", "side channels between participants")


@dataclass(frozen=True, slots=True)
class Play:
    """One event of a history and what must follow it.

    Attributes:
        letter: The event.
        expects: What must follow.
        improves: Does the precondition become true before it?
    """

    letter: Letter
    expects: Expectation
    improves: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """One arrival sequence.

    Attributes:
        word: Its events, such as `F C F`.
        improved: Does the refusing precondition become true after the refusal?
        faults: The least number of faults that causes it; None when it is in the deck for its obligation only.
        begins: The situation before the first event.
        plays: Each event with what must follow it.
        obligations: All that this history checks, in the catalogue's order.
    """

    word: str
    improved: bool
    faults: int | None
    begins: Situation
    plays: tuple[Play, ...]
    obligations: tuple[str, ...]

    @property
    def name(self) -> str:
        """The word, and whether the precondition improves."""
        return f"{self.word} (improved)" if self.improved else self.word

    @property
    def refusing(self) -> bool:
        """Does the history start under the refusing precondition?"""
        return self.begins.refusing

    @property
    def under(self) -> Under:
        """The precondition under which it starts."""
        return expectations.under([play.letter for play in self.plays])

    @property
    def ends(self) -> Expectation:
        """What must hold after the last event."""
        return self.plays[-1].expects

    @property
    def world(self) -> World:
        """What the effect probe must read at the end."""
        return self.ends.worlds[0]

    @property
    def undone_at_work(self) -> bool:
        """Is the step compensated while its participant is still at work, so that what comes later has to be waited for?"""
        return any(letter == Letter.COMPENSATE for _, letter in self._at_work())

    @property
    def first_call_at_work(self) -> int | None:
        """Number (from 0) of the first call that comes while the participant is still at work; None when none does."""
        return next((number for number, letter in self._at_work() if letter not in CALLBACKS), None)

    def _at_work(self) -> Iterator[tuple[int, Letter]]:
        """Give the events that come while the participant is still at work, with their numbers."""
        before = [self.begins, *(play.expects.following for play in self.plays)]
        for number, (play, situation) in enumerate(zip(self.plays, before, strict=False)):
            if situation.state == State.IN_PROGRESS:
                yield number, play.letter


@dataclass(frozen=True, slots=True)
class Deck:
    """All histories of one step for k faults."""

    saga: str
    step: str
    participant: str
    faults: int
    slice_sha: str
    histories: tuple[History, ...]
    derivation: int = DERIVATION

    def claim(self, last_confirmed: str | None = None, disturbed: Sequence[str] = (), unplayed: Sequence[str] = _UNPLAYED) -> str:
        """Say honestly what was checked and what was not.

        Args:
            last_confirmed: The date when an end-to-end run last saw only histories of the deck (I13); None for never.
            disturbed: What was played under a disturbance besides, and how: what was sampled says its tries, seed and window.
            unplayed: What was not looked at, beside what no verification of one participant looks at.
        """
        return (
            f"Checked: one saga instance, the step {self.step}, calls one after another, each atomic, one version, "
            f"unchanged surroundings: every arrival history of at most {self.faults} fault{'s' if self.faults != 1 else ''} "
            f"under this file's policies (derivation v{self.derivation}), {len(self.histories)} histories. "
            f"Besides, under disturbances: {'; '.join(disturbed) or 'nothing'}. "
            f"Not checked: {', '.join((*unplayed, *_NEVER))}. "
            f"Speaks for the whole saga only while the orchestrator stays inside the model (I13: last confirmed "
            f"{last_confirmed or 'never'})."
        )


def derive(slice_: StepSlice, faults: int = 1) -> Deck:
    """Derive the deck of a step.

    Args:
        slice_: The step's slice of the saga.
        faults: The most faults in one history, 0 to 4.

    Raises:
        ValueError: when `faults` is out of range.
    """
    if not 0 <= faults <= MAX_FAULTS:
        raise ValueError(f"The number of faults must be 0 to {MAX_FAULTS}, not {faults}.")
    rules = Rules.of(slice_)
    cost: dict[Word, int | None] = {}
    for budget in range(faults + 1):
        for word in model.words(rules, budget):
            cost.setdefault(word, budget)
    for word in _always(slice_, rules):
        cost.setdefault(word, None)
    histories = [
        _history(slice_, rules, word, cost[word], improved=improved) for word in cost for improved in _variants(slice_, word)
    ]
    histories.sort(key=lambda history: (len(history.plays), history.word, history.improved))
    step = slice_.step
    return Deck(slice_.saga, step.step, step.participant, faults, slice_.sha, tuple(histories))


def history_of(slice_: StepSlice, word: Word) -> History:
    """Give one history of a step for a word, whatever brings it about: what every reply, status and the probe must be."""
    return _history(slice_, Rules.of(slice_), word, None, improved=False)


def _variants(slice_: StepSlice, word: Word) -> tuple[bool, ...]:
    """Histories in which a forward call comes after a refusal are also played with the precondition improved in between."""
    given = slice_.step.given
    if not given.enough or given.refusing_payload or slice_.step.only_reads:  # nothing would improve it, or nothing remembers it
        return (False,)
    refusals = [index for index, letter in enumerate(word) if letter in REFUSALS]
    later_forward = refusals and Letter.FORWARD in word[refusals[0] + 1 :]
    return (False, True) if later_forward else (False,)


def _always(slice_: StepSlice, rules: Rules) -> Iterator[Word]:
    """Give the words that the obligations themselves speak of."""
    f, c, m = Letter.FORWARD, Letter.COMPENSATE, Letter.MISUSED
    done: Word = (f, Letter.DONE) if rules.callback else (f,)
    refused: Word = (f, Letter.CALLBACK_REFUSED) if rules.callback else (Letter.REFUSED,)
    yield from (done, (*done, f))
    if slice_.step.given.retryable:
        yield (Letter.RETRYABLE, *done)
        if rules.can_be_undone:
            yield (Letter.RETRYABLE, c)
    if fresh.can_be_misused(slice_.payload, slice_.step):
        yield (*done, m)
    if rules.can_refuse:
        yield from (refused, (*refused, f))
    if slice_.plays_two_elements:
        yield (*done, Letter.ANOTHER, Letter.ANOTHER_UNDONE)
    if rules.can_be_undone:
        yield from ((c,), (c, f), (*done, c), (*done, c, f), (*done, c, c))
        if rules.callback:
            yield (f, c)
        if rules.can_refuse:
            yield (*refused, c)


def _history(slice_: StepSlice, rules: Rules, word: Word, faults: int | None, *, improved: bool) -> History:
    begins = situation = expectations.start_of(word)
    plays: list[Play] = []
    for letter in word:
        better = improved and situation.refused and not situation.improved and letter == Letter.FORWARD
        if better:
            situation = replace(situation, improved=True)
        expects = expectations.expect(slice_, situation, letter)
        improves = better or (bool(plays) and plays[-1].letter == Letter.RETRYABLE)
        plays.append(Play(letter, expects, improves))
        situation = expects.following
    checked = {one for play in plays for one in (play.expects.obligation, play.expects.effect_obligation)}
    checked |= {play.expects.told_obligation for play in plays} | _more(slice_, word, rules)
    return History(" ".join(word), improved, faults, begins, tuple(plays), tuple(sorted(checked, key=order_of)))


def _more(slice_: StepSlice, word: Word, rules: Rules) -> set[str]:
    """Give what a history checks besides what its events speak of."""
    if slice_.step.only_reads:
        return {"O21", "O31"}
    more = {"O14", "O15", "O21", "O31"}
    if rules.can_be_undone and Letter.COMPENSATE in word:
        more |= {"O12", "O13"}
    calls = sum(letter in (Letter.FORWARD, *REFUSALS) for letter in word)
    if (slice_.step.forward.outputs and calls > 1) or slice_.step.lookup is not None:
        more.add("O33")
    return more
