"""The verdict of a saga: can it run with these versions of its participants? Pure.

For every step two things must hold at every version of its participant that is live: the pact with the executing pacticipant was
verified, and the deck was played and kept. What nobody found out is unknown, never yes.
"""

from collections.abc import Sequence

from saga_broker.gate.run_model import Case, Reason, RunVerdict, StepAt, StepVerdict
from saga_broker.gate.run_reasons import no_saga_version, reasons_of


def judge(case: Case) -> RunVerdict:
    """Judge whether a saga can run.

    Args:
        case: The saga version and, for every step, what is known at every live version.

    Returns:
        Yes when every step has only reasons for yes; no when any step has a reason for no; else unknown.
    """
    if case.saga_version is None:
        reasons = [no_saga_version(case)]
    else:
        reasons = [reason for at in case.steps for reason in reasons_of(case, at)]
    can_run = _verdict(reasons)
    steps = tuple(_step(at) for at in case.steps) if case.saga_version is not None else ()
    return RunVerdict(can_run, _summary(case, can_run, reasons), tuple(reasons), steps)


def judge_all(cases: Sequence[Case]) -> RunVerdict:
    """Judge several versions of a saga that are live side by side: all of them must run."""
    verdicts = [judge(case) for case in cases]
    if len(verdicts) == 1:
        return verdicts[0]
    reasons = tuple(reason for verdict in verdicts for reason in verdict.reasons)
    steps = tuple(step for verdict in verdicts for step in verdict.steps)
    summary = " ".join(verdict.summary for verdict in verdicts)
    return RunVerdict(_verdict(reasons), summary, reasons, steps)


def _verdict(reasons: Sequence[Reason]) -> bool | None:
    verdicts = {reason.verdict for reason in reasons}
    if "no" in verdicts:
        return False
    return None if "unknown" in verdicts or not reasons else True


def _step(at: StepAt) -> StepVerdict:
    pact = {True: "kept", False: "broken", None: "unproven"}[at.pact]
    deck = at.deck.verdict if at.deck else "unproven"
    shown = "kept" if deck == "waived" else deck
    return StepVerdict(at.step, at.participant, at.version, pact, shown, dict(at.deck.obligations) if at.deck else {})


def _summary(case: Case, can_run: bool | None, reasons: Sequence[Reason]) -> str:  # noqa: FBT001  (a verdict)
    name = f"Saga {case.saga}" + (f" {case.saga_version}" if case.saga_version else "")
    if can_run:
        return f"{name} can run in {case.environment}: every step is kept."
    verdict = "no" if can_run is False else "unknown"
    count = sum(reason.verdict == verdict for reason in reasons)
    noun = "reason" if count == 1 else "reasons"
    if can_run is False:
        return f"{name} cannot run in {case.environment}: {count} {noun}."
    return f"Nobody knows whether {name[0].lower()}{name[1:]} can run in {case.environment}: {count} {noun}."
