"""The table of the zoo: each kind of fault, the obligation at fault, what shows it, and what the fault is called in each style.

Kinds of choreographed sagas (publishes before commit, commits without publishing, no inbox, deduplicates by message id only, not
tolerant of unknown fields) have no place here, since none of these participants publishes; nor have those of an orchestrator
(owner never told, compensates in forward order, past the pivot, retries without bound), which whole sagas show.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from saga_contracts.declare.saga import ProviderState
from saga_contracts.declare.steps import SemanticLock
from saga_contracts.derive import decks, trials
from saga_contracts.derive.adoption import Level
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Kind, Trial
from zoo import ZOO, the_step

STYLES = {
    "header_key": "sync, key in a header, Starlette",
    "path_key": "sync, key in the path, no framework",
    "callback": "callback step, key in the body, asyncio",
}


class Meeting(StrEnum):
    """How two sagas come to one resource of a participant."""

    NEVER = "never"
    SHARED = "shared"  # it has enough for both
    LOCKED = "locked"  # it has enough for both, but the first one keeps it until it is undone


@dataclass(frozen=True)
class Bad:
    """One kind of known-bad participant.

    Attributes:
        kind: What it does, a few words.
        obligation: The obligation at fault.
        shown: The shortest history or trial that shows it, as the two synchronous styles name it.
        faults: What the fault is called in the styles that have it, in their order; empty where there is none.
        later: The same history at a callback step.
        follow: Obligations that are broken as well.
        trial: How it is disturbed; None: a plain history shows it.
        changes: Fields of the step that are another for this kind.
        meeting: How two sagas come to one resource.
    """

    kind: str
    obligation: str
    shown: str
    faults: tuple[str, str, str]
    later: str
    follow: tuple[str, ...] = ()
    trial: Kind | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    meeting: Meeting = Meeting.NEVER


@dataclass(frozen=True)
class Mutant:
    """One known-bad participant of one style."""

    bad: Bad
    style: str
    fault: str

    @property
    def shown(self) -> str:
        """The shortest history or trial that shows it."""
        shown = self.bad.later if self.style == "callback" else self.bad.shown
        return shown.format(self.slice.payload.fresh[0])

    @property
    def slice(self) -> StepSlice:
        """The step at which it is seen."""
        return _slice(self.style, self.bad)

    @property
    def name(self) -> str:
        """For tests."""
        return f"{self.style}: {self.fault}"


_SLOW = {"timeout_ms": 250}
BAD = (
    Bad("skips the compensation", "O6", "F C", ("gives nothing back", "pays nothing back", "unloads nothing"), "F D C", ("O12",)),
    Bad("undoes a part", "O6", "F C", ("gives back a part", "pays back a part", "unloads a part"), "F D C", ("O12",)),
    Bad("applies twice at once", "O3", "F", ("takes twice", "pays twice", "loads twice"), "F D", ("O12",)),
    Bad("applies again when repeated", "O3", "F F", ("takes again", "pays again", "loads again"), "F D F"),
    Bad("checks the precondition before the key, so refuses its own retry", "O3", "F F",
        ("checks the stock before the key", "checks the balance before the key", "looks for room before the key"), "F D F"),
    Bad("takes another payload under the same key", "O4", "F M", ("takes any body",) * 3, "F D M"),
    Bad("has an effect though it refuses", "O2", "R",
        ("takes what it refuses", "takes what it refuses", "loads what it refuses"), "F X", ("O3",)),
    Bad("undoes what it refused", "O2", "R C",
        ("gives back what it refused", "pays back what it refused", "unloads what it refused"), "F X C"),
    Bad("undoes twice", "O7", "F C C", ("gives back twice", "pays back twice", "unloads twice"), "F D C C"),
    Bad("forgets a null compensation", "O8", "C",
        ("forgets a null release", "forgets a null cancellation", "forgets a null unload"), "C", ("O9",)),
    Bad("answers 404 to a null compensation", "O8", "C",
        ("answers 404 to a null release", "answers 404 to a null cancellation", "answers 404 to a null unload"), "C", ("O9",)),
    Bad("suspends: applies after a null compensation", "O9", "C F",
        ("reserves after a null release", "pays after a null cancellation", "loads after a null unload"), "C F"),
    Bad("applies a retry after its compensation", "O11", "F C F",
        ("reserves again after its release", "pays again after it was cancelled", "loads again after its unload"), "F D C F"),
    Bad("refuses the compensation", "O13", "F C", ("refuses to release", "refuses to cancel", "refuses to unload"), "F D C"),
    Bad("status lies", "O14", "C", ("tells reserved for released", "tells paid for cancelled", "tells loaded for unloaded"), "C"),
    Bad("status is not read-only", "O15", "F",
        ("releases when it is asked", "cancels when it is asked", "unloads when it is asked"), "F D", ("O3",)),
    Bad("applies a refused key later", "O32", "R F (improved)", ("tries refused keys again",) * 3, "F X F"),
    Bad("renames a field", "O1", "F", ("renames a field",) * 3, "F D"),
    Bad("changes a status", "O1", "F", ("changes a status",) * 3, "F D"),
    Bad("drops the correlation", "O31", "C", ("drops the correlation",) * 3, "C"),
    Bad("gives new outputs when repeated", "O33", "F F", ("gives a new ticket", "gives a new receipt", ""), ""),
    Bad("ignores its time-out", "O21", "F", ("answers too late",) * 3, "F D", changes=_SLOW),
    Bad("never calls back", "O18", "", ("", "", "never calls back"), "F D", changes={"callback_timeout_ms": 500}),
    Bad("changes the callback", "O18", "", ("", "", "changes the callback"), "F D"),
    Bad("keeps its tombstones in memory only", "O16", "C kill F", ("keeps null compensations in memory",) * 3, "C kill F",
        trial=Kind.CRASH),
    Bad("forgets its keys at a restart", "O16", "F kill M", ("forgets its keys at the start",) * 3, "F kill C",
        trial=Kind.CRASH),
    Bad("acknowledges before it commits", "O16", "F kill-in-reply F", ("answers before it commits",) * 3, "F kill-in-reply D",
        trial=Kind.CRASH),
    Bad("keeps its keys in the memory of one instance", "O34", "F F (two instances)", ("keeps its keys in memory",) * 3,
        "F D F (two instances)", trial=Kind.INSTANCES),
    Bad("checks, then acts, without a unique key", "O5", "F | F", ("checks, then acts",) * 3, "F | F D", trial=Kind.RACE,
        follow=("O10",)),
    Bad("compensates beside its forward call", "O10", "F | C", ("releases beside", "cancels beside", "unloads beside"), "F | C",
        trial=Kind.RACE, follow=("O7",)),
    Bad("does not show what it holds", "O22", "F R2 (two sagas)", ("holds nothing",) * 3, "F D R2 (two sagas)",
        trial=Kind.TWO_SAGAS, meeting=Meeting.LOCKED),
    Bad("never releases its lock", "O23", "F C F2 (two sagas)", ("never frees what it held",) * 3,
        "F D C F2 D2 (two sagas)", trial=Kind.TWO_SAGAS,
        meeting=Meeting.LOCKED),
    Bad("undoes by a snapshot, and so harms others", "O24", "F F2 C C2 (one {}) (two sagas)",
        ("gives back by a snapshot", "pays back up to a snapshot", "unloads by a snapshot"),
        "F D F2 D2 C C2 (one {}) (two sagas)", trial=Kind.TWO_SAGAS,
        meeting=Meeting.SHARED),
    Bad("keeps keys and effects in two databases", "O17", "F restored F", ("keeps its keys in a database apart",) * 3,
        "F D restored F D", trial=Kind.INSIDE),
    Bad("forgets its keys too early", "O30", "F moved F", ("forgets its keys after an hour",) * 3, "F D moved F",
        trial=Kind.INSIDE),
    Bad("does outside what it knows nothing of inside", "O35", "F inside-lost C",
        ("forgets what it did outside", "forgets what it did outside", ""), "", trial=Kind.INSIDE),
    Bad("does outside again what it does not know to be done", "O35", "", ("", "", "asks under a new key each time"),
        "F inside-lost D", trial=Kind.INSIDE),
    Bad("calls back once", "O19", "", ("", "", "calls back once"), "F D (receiver fails)", trial=Kind.RECEIVER),
    Bad("ends work that was undone", "O12", "", ("", "", "loads what was unloaded"), "F C"),
)  # fmt: skip
"""Every kind; one that a trial shows is seen as soon as its kind of trial is played."""


def is_played(bad: Bad) -> bool:
    """Is there what shows it: a plain history, or trials of its kind that check the obligation at fault?"""
    return bad.trial is None or any((bad.trial, bad.obligation) in checked_by_trials(style) for style in STYLES)


@cache
def checked_by_trials(style: str) -> frozenset[tuple[Kind, str]]:
    """Give what the trials of a style check: each obligation with the kind of trial."""
    slice_ = _step(style).model_copy(update={"level": Level.FAILURES})
    derived = [trial for one in Meeting for trial in _trials(slice_, one)]
    return frozenset((trial.kind, obligation) for trial in derived for obligation in trial.obligations)


def _trials(slice_: StepSlice, meeting: Meeting) -> tuple[Trial, ...]:
    changed = slice_.model_copy(update={"step": slice_.step.model_copy(update=two_sagas(slice_, meeting))})
    return trials.derive(changed, decks.derive(changed))


def mutants() -> Iterator[Mutant]:
    """Give every mutant of every style."""
    for bad in BAD:
        for style, fault in zip(STYLES, bad.faults, strict=True):
            if fault:
                yield Mutant(bad, style, fault)


@cache
def _step(style: str) -> StepSlice:
    return the_step(ZOO / style)


def _slice(style: str, bad: Bad) -> StepSlice:
    slice_ = _step(style)
    changed = {"step": slice_.step.model_copy(update={**two_sagas(slice_, bad.meeting), **bad.changes})}
    return slice_.model_copy(update=changed if bad.trial is None else {**changed, "level": Level.FAILURES})


def two_sagas(slice_: StepSlice, meeting: Meeting) -> dict[str, Any]:
    """Give the fields of a step to whose resource two sagas come."""
    if meeting == Meeting.NEVER:
        return {}
    given, locked = slice_.step.given, meeting == Meeting.LOCKED
    changed = {name: _states(getattr(given, name), exclusive=locked) for name in ("enough", "refusing")}
    changed["enough_for_two"] = _states(given.enough, exclusive=locked, times=2)
    lock = SemanticLock(resource=f"{{payload.{slice_.payload.fresh[0]}}}") if locked else None
    return {"given": given.model_copy(update=changed), "semantic_lock": lock}


def _states(states: Iterable[ProviderState], *, exclusive: bool, times: int = 1) -> tuple[ProviderState, ...]:
    """Give the same states with so many times as much, of a resource that one saga may keep for itself."""
    more = [{name: times * value if isinstance(value, int) else value for name, value in one.params.items()} for one in states]
    return tuple(
        ProviderState(state=one.state, params={**params, "exclusive": exclusive})
        for one, params in zip(states, more, strict=True)
    )
