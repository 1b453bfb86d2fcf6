"""The invariants of a saga, judged from the evidence of one scenario once everything is quiet (pure).

    end   the saga ended as the scenario must end       I9      no lock, hold or untaken message is left
    I1    every step agrees with the end                I10     record, answers and participants agree
    I2    at most one net effect per step, one saga     I11     calls and answers are declared ones
    I3    what the probes read is what was declared     I12     every kind of call is bounded
    I4    an end is not left again                      I13     arrivals are in the step's deck
    I5    the saga came to an end                       ORDER   steps are begun in the declared order
    I6    each escalation reached the owner             REASON  no call without a reason
    I7    compensations in the reverse order            ALARM   the owner is told of nothing that is not so
    I8    no compensation past the pivot                AFTER   nothing happens after the end

Each rule is a function of the case; they stand in `rules` and in `conformance`. Of two sagas on one resource each is judged.
"""

from collections.abc import Callable
from dataclasses import replace

from saga_contracts.declare.verdict import Verdict
from saga_e2e.judge import conformance
from saga_e2e.judge.evidence import Evidence
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.rules import after, arrivals, bounds, effects, ends, reasons, record, sharing, telling

JUDGES: tuple[Callable[[Judged], Finding], ...] = (
    ends.expected_end,
    ends.agreement,
    effects.one_effect,
    effects.conservation,
    ends.end_is_final,
    ends.came_to_an_end,
    telling.owner_was_told,
    arrivals.reverse_order,
    arrivals.none_past_the_pivot,
    sharing.nothing_left_over,
    record.record_agrees,
    conformance.conforms,
    bounds.bounded_work,
    arrivals.in_the_deck,
    reasons.forward_order,
    reasons.with_reason,
    telling.no_false_alarm,
    after.nothing_after,
)


def judge(case: Judged) -> tuple[Finding, ...]:
    """Judge every invariant, in the catalogue's order; what the second of two sagas does not keep is told with its id."""
    found = tuple(one(case) for one in JUDGES)
    for other in case.evidence.others:
        found = tuple(map(_joined, found, _of_the_other(case, other), (other.saga_id,) * len(found)))
    return found


def _of_the_other(case: Judged, other: Evidence) -> tuple[Finding, ...]:
    rest = tuple(one for one in case.evidence.others if one is not other)
    turned = replace(other, others=(replace(case.evidence, others=()), *rest))
    return tuple(one(Judged(case.saga, case.scenario, turned)) for one in JUDGES)


def _joined(own: Finding, other: Finding, saga_id: str) -> Finding:
    """Give the worse of two findings; when both are broken, with both texts."""
    if other.verdict not in (Verdict.BROKEN, Verdict.UNPROVEN) or own.verdict == Verdict.BROKEN != other.verdict:
        return own
    text = f"In the saga {saga_id}: {other.text}"
    return Finding(own.id, other.verdict, f"{own.text} {text}" if own.verdict == other.verdict else text)
