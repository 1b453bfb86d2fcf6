"""Results of trials of which nothing could be found out, or which do not apply."""

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.trials import Trial
from saga_verifier.verdicts import HistoryResult


def untold(trial: Trial, trouble: str) -> HistoryResult:
    """Give the result of a trial that could not be judged, and why."""
    return HistoryResult(trial.name, Verdict.UNPROVEN, trial.obligations, trouble=trouble)


def inapplicable(trial: Trial, why: str) -> HistoryResult:
    """Give the result of a trial that does not apply to the participant, as that says positively."""
    return HistoryResult(trial.name, Verdict.NOT_APPLICABLE, trial.obligations, inapplicable=why)
