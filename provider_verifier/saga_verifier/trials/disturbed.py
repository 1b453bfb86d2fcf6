"""Who is to blame when a disturbed history deviates: the disturbance, if the same history is kept without it.

A deviation that is there undisturbed as well is told by the deck; the trial then shows nothing, and accuses nobody.
"""

from dataclasses import replace

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.trials import Trial
from saga_verifier.play.history import Playing
from saga_verifier.trials.ground import Ground
from saga_verifier.verdicts import Broken, HistoryResult

_ITS_OWN = ("O21", "O31")
"""Deviations that no disturbance can have caused: late replies and missing headers."""


def judged(ground: Ground, trial: Trial, playing: Playing, blamed: str, disturbance: str, how: str = "") -> HistoryResult:
    """Give the result of a trial whose history was played to its end.

    Args:
        ground: Knows what the history showed undisturbed.
        trial: What was played.
        playing: The played history; `end` was called.
        blamed: The obligation that is broken when only the disturbed history deviates.
        disturbance: What was done, in words that fit after "without": `the kill after F`.
        how: What was sampled, and what it took.
    """
    step = ground.driver.slice.step
    waivers = Waivers(ground.driver.slice.waivers, step.step, ground.today)
    found = replace(playing.result(waivers), name=trial.name, checks=trial.obligations, how=how)
    found = replace(found, seen=found.seen | {Evidence.FAILURE}, unseen=())
    plain = ground.plain.get(trial.history.name)
    known = {one.obligation for one in plain.broken} if plain is not None and plain.verdict == Verdict.WAIVED else set()
    deviations = [one for one in found.broken if one.obligation not in {*_ITS_OWN, *known}]
    if not deviations:
        late = next((one.text for one in found.broken if one.obligation == "O21"), "")
        trouble = found.trouble or late
        return replace(found, broken=(), verdict=Verdict.UNPROVEN if trouble else Verdict.KEPT, trouble=trouble)
    if plain is None or not is_kept(ground, trial):
        already = "was not judged" if plain is None or plain.trouble else "is broken"
        trouble = f"{trial.history.name} {already} without {disturbance}, so that nothing can be told of it: mend that first"
        return replace(found, broken=(), verdict=Verdict.UNPROVEN, trouble=trouble)
    text = f"the same history is kept without {disturbance}; with it {deviations[0].text}"
    return accused(ground, found, blamed, text)


def accused(ground: Ground, found: HistoryResult, blamed: str, text: str) -> HistoryResult:
    """Give a result as one that broke an obligation, be it waived or not.

    Args:
        ground: Knows the waivers.
        found: What was seen.
        blamed: The obligation.
        text: What is to be said.
    """
    waivers = Waivers(ground.driver.slice.waivers, ground.driver.slice.step.step, ground.today)
    verdict = Verdict.WAIVED if waivers.hides(blamed) else Verdict.BROKEN
    return replace(found, broken=(Broken(blamed, text),), verdict=verdict, trouble="")


def is_kept(ground: Ground, trial: Trial) -> bool:
    """Is the same history kept without any disturbance, or waived?"""
    plain = ground.plain.get(trial.history.name)
    return plain is not None and plain.verdict in (Verdict.KEPT, Verdict.WAIVED)
