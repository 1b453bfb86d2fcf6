"""The words in which everything is judged: a history, an interaction, an obligation, a step, a run."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What is known."""

    KEPT = "kept"
    BROKEN = "broken"
    UNPROVEN = "unproven"  # nothing at hand can show it
    PENDING = "pending"  # broken, but the provider's main branch has never kept it
    WAIVED = "waived"  # broken, and knowingly so for a while
    NOT_APPLICABLE = "not applicable"  # nobody asks for it: so says the file, or the level of adoption


_WORST_FIRST = (
    Verdict.BROKEN,
    Verdict.PENDING,
    Verdict.UNPROVEN,
    Verdict.WAIVED,
    Verdict.KEPT,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst of several verdicts; none at all is unproven: nothing was checked."""
    found = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.UNPROVEN)


def exit_status(verdict: Verdict) -> int:
    """Give the exit status that a verdict stands for."""
    return {Verdict.BROKEN: 1, Verdict.UNPROVEN: 3, Verdict.PENDING: 3}.get(verdict, 0)
