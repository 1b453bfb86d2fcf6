"""Where in a sequence the first invariant is broken: at the call that its text speaks of (pure)."""

import re
from dataclasses import dataclass

from saga_e2e.report.data import InvariantResult, ScenarioResult, TraceEntry, Verdict

_ROLE_WORDS = (
    ("compensate", ("compensat", "undo")),
    ("status", ("status", "asked for")),
    ("notification", ("owner", "notification")),
    ("callback", ("callback",)),
    ("forward", ("forward", "begun", " run ", "sent again")),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """The first broken invariant.

    Attributes:
        index: The place in the trace behind which it is marked; the last call where its text names none.
    """

    index: int
    id: str
    text: str


def first_broken(scenario: ScenarioResult) -> Mark | None:
    """Give the broken invariant that shows first in the sequence; None when none is broken."""
    broken = [one for one in scenario.invariants if one.verdict == Verdict.BROKEN]
    marks = [Mark(_place(scenario, one), one.id, one.text) for one in broken]
    return min(marks, key=lambda mark: mark.index, default=None)


def _place(scenario: ScenarioResult, broken: InvariantResult) -> int:
    text, last = broken.text.split(". ")[0], len(scenario.trace) - 1
    named = {one.step for one in scenario.trace if one.step and re.search(rf"\b{re.escape(one.step)}\b", text)}
    roles = [role for role, words in _ROLE_WORDS if any(word in text for word in words)]
    of_step = [index for index, one in enumerate(scenario.trace) if one.step in named]
    fitting = [index for index in of_step if scenario.trace[index].role in roles]
    odd = [index for index in fitting if _is_after(scenario.trace[index], text)]
    return (odd or fitting or of_step or [last])[-1] if last >= 0 else -1


def _is_after(entry: TraceEntry, text: str) -> bool:
    """Does the text speak of this call by its line?"""
    return isinstance(entry.request, str) and entry.request in text
