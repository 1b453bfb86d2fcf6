"""Whose fault is it: a participant's, by an arrival history of its own deck, or the orchestrator's (pure).

A participant is at fault when what it answered, tells or shows differs from what a right one must after the same arrivals. If
each participant did right by what arrived, the orchestrator let the wrong things arrive.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive import decks, model
from saga_contracts.derive.expectations import Letter, Situation, Word, after_event, expect, start_of, told, worlds
from saga_contracts.derive.model import Rules
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.faults import Role
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.evidence import Evidence
from saga_e2e.judge.findings import Judged
from saga_e2e.proxy.meanings import RETRYABLE
from saga_e2e.proxy.trace import calls_of
from saga_e2e.proxy.words import as_word, readings

_TAKEN_AWAY = "effect_lost"
"""What the harness itself has taken away is nobody's fault."""
_SEEN = {"applied": "applied", "before": "without", "refusing": "without", "improved": "without"}


@dataclass(frozen=True, slots=True)
class Guilty:
    """A participant that did not keep its word after a history of arrivals.

    Attributes:
        history: What arrived, such as `F C F`.
        faults: How many faults its deck needs to hold this history; None when no deck of at most four has it.
        why: What it did otherwise, one sentence.
    """

    step: str
    participant: str
    history: str
    faults: int | None
    why: str


def guilty(saga: Saga, scenario: Scenario, evidence: Evidence) -> tuple[Guilty, ...]:
    """Give the participants that are at fault, in the order of the steps; none: the orchestrator is."""
    case = Judged(saga, scenario, evidence)
    return tuple(found for step in saga.steps for found in _of_step(case, step))


def deck_faults(saga: Saga, step: Step, word: Word) -> int | None:
    """Say with how many faults a history is in a step's deck; None when it is in none."""
    rules = Rules.of(step_slice(saga, step.step))
    return next((faults for faults in range(decks.MAX_FAULTS + 1) if word in model.words(rules, faults)), None)


def _of_step(case: Judged, step: Step) -> Iterator[Guilty]:
    """A step is at fault only when none of the words that may have arrived makes it right."""
    if step.only_reads or any(fault.step == step.step and fault.kind.value == _TAKEN_AWAY for fault in case.scenario.faults):
        return
    words = [word for letters in readings(case.evidence.trace, step.step) if (word := as_word(letters)) is not None]
    whys = [(word, _differs(case, step, word)) for word in words if word]
    if whys and all(why for _, why in whys):
        word, why = whys[0]
        history = " ".join(letter.value for letter in word)
        yield Guilty(step.step, step.participant, history, deck_faults(case.saga, step, word), why)


def _differs(case: Judged, step: Step, word: Word) -> str:
    """Say what a participant did otherwise than a right one after these arrivals; empty when nothing."""
    slice_, situation = step_slice(case.saga, step.step), _start(case, step, word)
    wrong = _wrong_answer(case, step, situation)
    for letter in word:
        situation = after_event(situation, letter, callback=step.tells_later)
    found, history = case.found(step), " ".join(letter.value for letter in word)
    may_tell = {state.value for state in told(slice_, situation)}
    if found.status is not None and found.status not in may_tell:
        return f"After {history} its status call tells {found.status} instead of {' or '.join(sorted(may_tell))}."
    seen, may_show = case.worlds(step), {_SEEN[world.value] for world in worlds(situation)}
    if seen is not None and not seen & may_show:
        return f"After {history} its probe does not read {_in_words(may_show)}."
    return wrong


def _wrong_answer(case: Judged, step: Step, situation: Situation) -> str:
    """Say which call was answered otherwise than a right participant may, in the order in which they arrived."""
    slice_, so_far = step_slice(case.saga, step.step), list[str]()
    for call in calls_of(case.evidence.trace, step.step, Role.FORWARD, Role.COMPENSATE, Role.CALLBACK):
        if call.role == Role.CALLBACK:
            letter = {"done": Letter.DONE, "refused": Letter.CALLBACK_REFUSED}.get(call.told or "")
            if letter is not None:
                situation = after_event(situation, letter, callback=step.tells_later)
            continue
        for reply in call.replies:
            first_refused = not so_far and reply.outcome == "refused"
            letter = Letter.COMPENSATE if call.role == Role.COMPENSATE else Letter.REFUSED if first_refused else Letter.FORWARD
            expected = expect(slice_, situation, letter)
            so_far.append(letter.value)
            may = {outcome.value for outcome in expected.outcomes}
            if reply.outcome not in (*may, RETRYABLE):
                return (
                    f"After {' '.join(so_far)} it answered {reply.status}, which means {reply.outcome} ({expected.obligation})."
                )
            situation = expected.following
    return ""


def _start(case: Judged, step: Step, word: Iterable[Letter]) -> Situation:
    refusing = step.step in case.scenario.refusing
    return Situation(refusing=True) if refusing else start_of(word)


def _in_words(worlds: Iterable[str]) -> str:
    return " or ".join("the effect" if one == "applied" else "no effect" for one in sorted(worlds))
