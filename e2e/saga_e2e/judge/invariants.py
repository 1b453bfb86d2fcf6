"""The invariants of a saga, judged from the evidence of one scenario once everything is quiet (pure).

    end   the saga ended as the scenario must end       I6   each escalation reached the owner
    I1    every step agrees with the end                I7   compensations in the reverse order
    I2    at most one net effect per step               I8   no compensation past the pivot
    I3    what the probes read is what was declared     I10  record, answers and participants agree
    I4    an end is not left again                      I11  calls and answers are declared ones
    I5    the saga came to an end                       I12  calls at most the declared tries
                                                        I13  arrivals are in the step's deck

Those about ends and effects are in `end_invariants`, those about the trace in `trace_invariants` and `conformance`. I9 is not
judged here.
"""

from collections.abc import Callable

from saga_e2e.judge import conformance, end_invariants, trace_invariants
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
    conformance.conforms,
    trace_invariants.bounded_work,
    trace_invariants.in_the_deck,
)


def judge(case: Judged) -> tuple[Finding, ...]:
    """Judge every invariant, in the catalogue's order."""
    return tuple(one(case) for one in JUDGES)
