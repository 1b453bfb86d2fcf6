"""What all results of a step's deck say on a day: worked out from the histories, never believed. Pure.

The rules:

* A run is **broken** when its histories deviate from an obligation that no waiver hides today; then it stands until a newer run
  of at least the same strength is not broken. Such a run must be of this derivation, hold every history of that strength, and
  have judged each of them: a run that could not find out takes nothing back.
* A run **counts** for the wanted number of faults when it is of this derivation, was played with at least so many, says of every
  history what was seen, and holds every history of the deck as it is derived here. The newest that counts decides.
* What a history checks, and what it can have seen, is bounded by what the slice says: nobody sees an effect without a probe.
* The published verdict counts in one case only: `pending` turns no into unknown, and is never a yes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from saga_broker.gate.run.model import DeckState, DeckWord, Judged, Run
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, trials
from saga_contracts.derive.adoption import Evidence, Judgement, Played, judge
from saga_contracts.derive.model import DERIVATION
from saga_contracts.derive.slices import StepSlice

PENDING = "pending"
DEVIATING = ("broken", PENDING)
"""Verdicts of a history that say that it deviated."""
NAMELESS = "it is called broken, but names no obligation that it broke"


class Work:
    """How much is derived for one question: decks grow with the tries of a step to the power of k, and anybody may ask.

    Args:
        most: The sum of these powers.
    """

    def __init__(self, most: int = 3000) -> None:
        self._left = most
        self._granted: set[tuple[str, int]] = set()

    def allows(self, slice_: StepSlice, sha: str, faults: int) -> bool:
        """May the deck be derived? A deck that may once may again."""
        cost = slice_.step.tries**faults
        if (sha, faults) not in self._granted and cost <= self._left:
            self._left -= cost
            self._granted.add((sha, faults))
        return (sha, faults) in self._granted


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a step.

    Attributes:
        slice_: The step's slice, read from the stored saga file.
        sha: The slice's sha.
        wanted: The most faults in one history.
        today: The day of the question: waivers are judged on it.
        work: Shared by all steps of a question.
    """

    slice_: StepSlice
    sha: str
    wanted: int
    today: date
    work: Work = field(default_factory=Work)


def state_of(asked: Asked, runs: Iterable[Run]) -> DeckState:
    """Work out what is known about a step's deck at one provider version.

    Args:
        asked: The question.
        runs: Every result of this slice at this version, in any order.
    """
    newest_first = sorted(runs, key=lambda run: (run.at, run.id), reverse=True)
    standing: list[Judged] = []
    counting: Judged | None = None
    cleared = -1  # the strength up to which newer runs took back what older ones found broken
    for place, run in enumerate(newest_first):
        if _strength(run) <= cleared:
            continue
        judged = _judged(asked, run)
        if _fails(judged):
            standing.append(judged)
            continue
        if counting is None and _is_complete(asked, run, asked.wanted):
            counting = judged
        if any(_strength(older) > cleared for older in newest_first[place + 1 :]):
            cleared = max(cleared, _clears(asked, judged))
    if standing:
        return _standing(newest_first, standing)
    return _of_one(asked, counting.run) if counting is not None else _unknown(asked, newest_first)


def _standing(newest_first: Sequence[Run], standing: Sequence[Judged]) -> DeckState:
    broken = tuple(one for one in standing if one.run.verdict != PENDING)
    if not broken:
        return DeckState(DeckWord.PENDING, tuple(standing))
    last = broken[0].run
    newer = newest_first[: newest_first.index(last)]
    return DeckState(DeckWord.BROKEN, broken, weaker=next((run for run in newer if _strength(run) < _strength(last)), None))


def _of_one(asked: Asked, run: Run) -> DeckState:
    deck = _histories(asked, asked.wanted) or {}
    judgement = judge(asked.slice_, [one for one in _played(asked, run) if one.name in deck], asked.today)
    word = DeckWord.KEPT if judgement.verdict in (Verdict.KEPT, Verdict.WAIVED) else DeckWord.UNPROVEN
    return DeckState(DeckWord.PENDING if run.verdict == PENDING else word, (Judged(run, judgement),))


def _unknown(asked: Asked, newest_first: Sequence[Run]) -> DeckState:
    """Tell why none of the runs counts, by the one that comes nearest."""
    if not newest_first:
        return DeckState(DeckWord.MISSING)
    if _histories(asked, asked.wanted) is None:
        return DeckState(DeckWord.TOO_LARGE)
    known = [run for run in newest_first if _is_known(run)]
    strong = [run for run in known if run.faults >= asked.wanted]
    if strong:
        return DeckState(DeckWord.INCOMPLETE, (_judged(asked, strong[0]),), _absent(asked, strong[0], asked.wanted))
    word = DeckWord.TOO_WEAK if known else DeckWord.OUTDATED
    return DeckState(word, (_judged(asked, (known or newest_first)[0]),))


def _is_complete(asked: Asked, run: Run, faults: int) -> bool:
    """Does a run hold every history of the deck for so many faults, as it is derived here?"""
    if not _is_known(run) or run.faults < faults or _histories(asked, faults) is None:
        return False
    return not _absent(asked, run, faults)


def _absent(asked: Asked, run: Run, faults: int) -> tuple[str, ...]:
    there = {_name(history) for history in run.histories}
    return tuple(name for name in _histories(asked, faults) or () if name not in there)


def _fails(judged: Judged) -> bool:
    if judged.judgement is not None:
        return judged.judgement.verdict == Verdict.BROKEN
    run = judged.run
    words = [run.verdict, *(history.get("verdict") for history in run.histories), *run.obligations.values()]
    return any(word in DEVIATING for word in words)


def _clears(asked: Asked, judged: Judged) -> int:
    """Give the strength up to which a run that is not broken takes back what older runs found; -1 for none."""
    run = judged.run
    if judged.judgement is None or run.verdict == PENDING or any(one.trouble for one in _played(asked, run)):
        return -1
    return next((faults for faults in range(_strength(run), -1, -1) if _is_complete(asked, run, faults)), -1)


def _strength(run: Run) -> int:
    """Give the faults with which a run was played, as far as anybody can play today."""
    return min(run.faults, decks.MAX_FAULTS)


def _is_known(run: Run) -> bool:
    return run.derivation == DERIVATION and _says_what_was_seen(run)


def _says_what_was_seen(run: Run) -> bool:
    return all(isinstance(history.get("seen"), list) for history in run.histories)


def _judged(asked: Asked, run: Run) -> Judged:
    """Judge all histories of a run, be they in the deck or not: a deviation counts wherever it was found."""
    judgement: Judgement | None = None
    if _says_what_was_seen(run):
        judgement = judge(asked.slice_, _played(asked, run), asked.today)
    return Judged(run, judgement)


def _played(asked: Asked, run: Run) -> list[Played]:
    derived = _histories(asked, asked.wanted) or {}
    assigned = frozenset().union(*derived.values())
    step = asked.slice_.step
    declared = {Evidence.STATUS: step.status is not None, Evidence.EFFECT: step.probe is not None}
    visible = frozenset(kind for kind in Evidence if declared.get(kind, True))
    return [_read(one, derived.get(_name(one), frozenset()), assigned, visible) for one in run.histories]


def _read(history: Mapping[str, Any], derived: frozenset[str], assigned: frozenset[str], visible: frozenset[Evidence]) -> Played:
    """Read a history; an obligation that the deck gives to some histories is checked by these only, whatever was published."""
    broken = tuple(str(one.get("obligation")) for one in _listed(history, "broken") if isinstance(one, Mapping))
    nameless = NAMELESS if history.get("verdict") in DEVIATING and not broken else ""
    return Played(
        name=_name(history),
        checks=tuple(one for one in _texts(history, "obligations") if one in derived or one not in assigned),
        broken=broken,
        seen=frozenset(kind for kind in visible if kind.value in _texts(history, "seen")),
        unseen=_texts(history, "unseen"),
        trouble=str(history.get("trouble") or nameless),
        inapplicable=str(history.get("inapplicable") or ""),
    )


def _name(history: Mapping[str, Any]) -> str:
    return str(history.get("word", ""))


def _listed(history: Mapping[str, Any], name: str) -> list[Any]:
    value = history.get(name)
    return value if isinstance(value, list) else []


def _texts(history: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(one for one in _listed(history, name) if isinstance(one, str))


@dataclass(frozen=True, slots=True)
class _Key:
    """Names a deck; two slices of one sha are the same."""

    sha: str
    faults: int
    slice_: StepSlice = field(compare=False)


def _histories(asked: Asked, faults: int) -> Mapping[str, frozenset[str]] | None:
    """Derive the histories of a deck and the trials: the obligations that each checks, by name; None when it is too much work."""
    if not asked.work.allows(asked.slice_, asked.sha, faults):
        return None
    return _derived(_Key(asked.sha, faults, asked.slice_))


@lru_cache(maxsize=128)
def _derived(key: _Key) -> Mapping[str, frozenset[str]]:
    deck = decks.derive(key.slice_, key.faults)
    names = {one.name: frozenset(one.obligations) for one in deck.histories}
    return names | {one.name: frozenset(one.obligations) for one in trials.derive(key.slice_, deck)}
