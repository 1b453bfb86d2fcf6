"""The verdict of a set of versions that is to be deployed: pairs and sagas in one answer, and what it would change. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from saga_broker.gate.run.model import Case, Reason, RunVerdict
from saga_broker.gate.run.pairs import PairReason


@dataclass(frozen=True, slots=True)
class SagaAnswer:
    """What is said of one saga.

    Attributes:
        saga: Its name.
        cases: What was judged; at least one.
        verdict: What came of it.
        named: The pacticipants that its versions in question name.
    """

    saga: str
    cases: tuple[Case, ...]
    verdict: RunVerdict
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """What is said of a set of versions.

    Attributes:
        pairs: What the pacts of its pairs give reason to.
        sagas: What is said of each saga that one of its pacticipants takes part in.
        absent: Sagas that would name one of them, of which no version is there.
    """

    pairs: tuple[PairReason, ...]
    sagas: tuple[SagaAnswer, ...]
    absent: tuple[str, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, those of pairs first."""
        return (*(one.reason for one in self.pairs), *(reason for one in self.sagas for reason in one.verdict.reasons))

    @property
    def can_deploy(self) -> bool | None:
        """No when any reason says no; else unknown when any says so; else yes."""
        return worst([verdict_of(one.reason for one in self.pairs), *(one.verdict.can_run for one in self.sagas)])

    @property
    def against(self) -> list[frozenset[str]]:
        """For each reason that is not a yes, the pacticipants of which another version might change it."""
        found = [one.concerns for one in self.pairs if one.reason.verdict != "yes"]
        return [*found, *(concerns for one in self.sagas for concerns in _concerned(one))]


def _concerned(answer: SagaAnswer) -> Iterator[frozenset[str]]:
    executors = frozenset(case.executes_as for case in answer.cases)
    for reason in answer.verdict.reasons:
        if reason.verdict == "yes":
            continue
        of_a_step = reason.step is not None and reason.participant is not None
        yield executors | {reason.participant} if of_a_step and reason.participant else executors | answer.named


def verdict_of(reasons: Iterable[Reason]) -> bool | None:
    """Give the verdict of reasons; a yes when there is none."""
    words = {"yes": True, "no": False, "unknown": None}
    return worst(words[one.verdict] for one in reasons)


def worst(verdicts: Iterable[bool | None]) -> bool | None:
    """Give no before unknown before yes."""
    every = set(verdicts)
    if False in every:
        return False
    return None if None in every else True


class Change(StrEnum):
    """What becomes of a saga."""

    SAME = "same"
    WORSE = "worse"
    BETTER = "better"
    COMES = "comes"  # no version of it is there before
    GOES = "goes"  # no version of it is there afterwards


@dataclass(frozen=True, slots=True)
class Changed:
    """A saga before and after; None where no version of it is there."""

    saga: str
    before: RunVerdict | None
    after: RunVerdict | None

    @property
    def change(self) -> Change:
        """What becomes of it."""
        if self.before is None or self.after is None:
            return Change.COMES if self.before is None else Change.GOES
        ranks = _rank(self.before.can_run), _rank(self.after.can_run)
        if ranks[0] == ranks[1]:
            return Change.SAME
        return Change.WORSE if ranks[1] < ranks[0] else Change.BETTER

    @property
    def new(self) -> tuple[Reason, ...]:
        """The reasons against it that are not there before."""
        return _without(self.after, self.before)

    @property
    def gone(self) -> tuple[Reason, ...]:
        """The reasons against it that are not there afterwards."""
        return _without(self.before, self.after)


def outcome(changes: Sequence[Changed]) -> bool | None:
    """Give the worst verdict of the sagas that become worse, or come; a yes when none does."""
    concerned = (Change.WORSE, Change.COMES)
    return worst(one.after.can_run for one in changes if one.after is not None and one.change in concerned)


def _rank(verdict: bool | None) -> int:  # noqa: FBT001  (a verdict)
    return {False: 0, None: 1, True: 2}[verdict]


def _without(one: RunVerdict | None, other: RunVerdict | None) -> tuple[Reason, ...]:
    known = {_key(reason) for reason in other.reasons} if other is not None else set()
    return tuple(reason for reason in (one.reasons if one else ()) if reason.verdict != "yes" and _key(reason) not in known)


def _key(reason: Reason) -> tuple[str | None, ...]:
    return (reason.type, reason.verdict, reason.saga_version, reason.step, reason.participant, reason.version, reason.obligation)
