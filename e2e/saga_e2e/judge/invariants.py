"""The invariants of a saga, judged from the evidence of one scenario once everything is quiet (pure).

    end   the saga ended as the scenario must end       I6   each escalation reached the owner
    I1    every step agrees with the end                I7   compensations in the reverse order
    I2    at most one net effect per step               I8   no compensation past the pivot
    I3    what the probes read is what was declared     I10  record and participants agree
    I4    an end is not left again                      I12  calls at most the declared tries
    I5    the saga came to an end                       I13  arrivals are in the step's deck

Those about ends and effects are in `end_invariants`, those about the trace in `trace_invariants`. I9 and I11 are not judged here.
"""

from collections.abc import Callable

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge import end_invariants, trace_invariants
from saga_e2e.judge.evidence import Evidence
from saga_e2e.judge.findings import Finding, Judged

JUDGES: tuple[Callable[[Judged], Finding], ...] = (
    end_invariants.expected_end,
    end_invariants.agreement,
    end_invariants.one_effect,
    end_invariants.conservation,
    end_invariants.end_is_final,
    end_invariants.came_to_an_end,
    trace_invariants.owner_was_told,
    trace_invariants.reverse_order,
    trace_invariants.none_past_the_pivot,
    end_invariants.record_agrees,
    trace_invariants.bounded_work,
    trace_invariants.in_the_deck,
)


def judge(saga: Saga, scenario: Scenario, evidence: Evidence) -> tuple[Finding, ...]:
    """Judge every invariant, in the catalogue's order."""
    case = Judged(saga, scenario, evidence)
    return tuple(one(case) for one in JUDGES)
