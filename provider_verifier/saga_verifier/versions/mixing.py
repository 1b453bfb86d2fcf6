"""What is played with two versions, and who is to blame.

Each history of a deck is cut after each of its events: what comes before goes to the deployed version and the rest to the
candidate (`F > C (from 1.0)`), and the other way round, as after a roll-back (`F > C (back to 1.0)`). What deviates is played
once more over a restart of either version alone: only where both keep it so, the mix is to blame (F21), by the obligation of
the history that broke.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.upgrade import cuts
from saga_verifier.isolation.spec import Spec
from saga_verifier.verdicts import Broken, DeckResult, HistoryResult
from saga_verifier.versions.change import Scene, Seen, over_a_change

_ITS_OWN = ("O21", "O31")
"""Deviations that no mix can have caused: late replies and missing headers."""
_LOST = "O16"
"""What is broken where a version does not start on the data: what the other one acknowledged is out of reach."""


@dataclass(frozen=True, slots=True)
class Mixing:
    """Two versions of a participant.

    Attributes:
        label: How results call the deployed one.
        deployed: How it is started.
        candidate: How the other one is started.
        today: The day on which waivers are judged.
        only: Chooses what is played.
    """

    label: str
    deployed: Spec
    candidate: Spec
    today: date
    only: Callable[[Trial], bool] = lambda _: True

    def of(self, scene: Scene, alone: DeckResult) -> DeckResult:
        """Give what a step shows with both versions.

        Args:
            scene: Where it is played.
            alone: What the candidate alone showed.

        Raises:
            IsolationError: when a version does not start on an empty data directory.
        """
        ways = (("from", self.deployed, self.candidate), ("back to", self.candidate, self.deployed))
        found: list[HistoryResult] = []
        for word, first, then in ways:
            every = [one for history in alone.deck.histories for one in cuts(history, f"{word} {self.label}")]
            trials = [one for one in every if self.only(one)]
            found += self._one_way(scene, alone, trials, first, then)
        return replace(alone, histories=tuple(found), mixed_with=self.label)

    def _one_way(
        self, scene: Scene, alone: DeckResult, trials: Sequence[Trial], first: Spec, then: Spec
    ) -> Iterator[HistoryResult]:
        seen = over_a_change(scene, alone.slice, trials, first, then)
        waivers = Waivers(alone.slice.waivers, alone.slice.step.step, self.today)
        doubtful = [one for one in trials if _deviates(seen[one.name], waivers)]
        lost = next((one for one in seen.values() if one.lost), None)
        if lost is not None:  # one history shows as much as all
            doubtful = doubtful[:1]
        by_old = over_a_change(scene, alone.slice, doubtful, self.deployed, self.deployed)
        by_new = over_a_change(scene, alone.slice, doubtful, self.candidate, self.candidate)
        for trial in trials:
            key = doubtful[0].name if lost is not None and doubtful else trial.name
            yield self._judged(trial, seen[trial.name], by_old.get(key), by_new.get(key), waivers)

    def _judged(self, trial: Trial, seen: Seen, by_old: Seen | None, by_new: Seen | None, waivers: Waivers) -> HistoryResult:
        found = _found(trial, seen)
        if not _deviates(seen, waivers):
            return found
        if by_old is None or by_old.trouble or _deviates(by_old, waivers):
            why = f"{self.label} alone breaks {trial.history.name} over a restart already: the candidate is not to blame"
            return replace(found, broken=(), trouble="", verdict=Verdict.NOT_APPLICABLE, inapplicable=why)
        if by_new is None or by_new.trouble or _deviates(by_new, waivers):
            why = f"the candidate alone breaks {trial.history.name} over a restart already: mend that first"
            return replace(found, broken=(), verdict=Verdict.UNPROVEN, trouble=why)
        obligation, text = _deviation(trial, seen, waivers)
        told = f"it is the mix of versions (F21), since each alone keeps this history over a restart: {text}"
        verdict = Verdict.WAIVED if waivers.hides(obligation) else Verdict.BROKEN
        return replace(found, broken=(Broken(obligation, told),), trouble="", verdict=verdict)


def _found(trial: Trial, seen: Seen) -> HistoryResult:
    """Give the result of a history of which nothing is told but what is waived, or too late."""
    plain = seen.result or HistoryResult(trial.name, Verdict.UNPROVEN, trial.obligations)
    waived = tuple(one for one in plain.broken if one.obligation not in _ITS_OWN)
    late = next((one.text for one in plain.broken if one.obligation == "O21"), "")
    trouble = late or seen.trouble or ("" if seen.came else "the history did not come to the change of versions")
    verdict = Verdict.UNPROVEN if trouble else Verdict.WAIVED if waived else Verdict.KEPT
    return replace(
        plain, name=trial.name, checks=trial.obligations, how=seen.how, unseen=(), seen=plain.seen | {Evidence.FAILURE},
        broken=waived, verdict=verdict, trouble=trouble,
    )  # fmt: skip


def _deviations(seen: Seen, waivers: Waivers) -> list[Broken]:
    broken = seen.result.broken if seen.result is not None else ()
    return [one for one in broken if one.obligation not in _ITS_OWN and not waivers.hides(one.obligation)]


def _deviates(seen: Seen, waivers: Waivers) -> bool:
    """Did it deviate, give no answer to the last try, or answer so to the end that it could not be judged?"""
    silent = _unanswered(seen) is not None
    return bool(seen.lost or _deviations(seen, waivers) or (seen.came and (silent or (seen.trouble and seen.answered))))


def _unanswered(seen: Seen) -> Broken | None:
    """Give what is said of a call that ended the history, since none of its tries was answered."""
    broken = seen.result.broken if seen.result is not None and not seen.answered else ()
    return next((one for one in broken if one.obligation == "O21"), None)


def _deviation(trial: Trial, seen: Seen, waivers: Waivers) -> tuple[str, str]:
    """Give the obligation that is broken, and what was seen."""
    if seen.lost:
        return _LOST, f"the version that follows does not start on the data: {seen.lost}"
    for one in _deviations(seen, waivers):
        return one.obligation, one.text
    silent, plays = _unanswered(seen), trial.history.plays
    over = seen.reached - (silent is not None)
    spoken = plays[over].expects.obligation if over < len(plays) else trial.history.ends.told_obligation
    return spoken, silent.text if silent is not None else seen.trouble
