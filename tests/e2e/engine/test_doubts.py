from dataclasses import replace
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.judge.doubts import doubt
from saga_e2e.judge.findings import Finding
from saga_e2e.proxy.trace import Fate

LOST = Fault("apply_vas", Role.FORWARD, Kind.REPLY_LOST)
REFUSED = Fault("apply_vas", Role.FORWARD, Kind.REFUSED)
BROKEN = (Finding("I13", Verdict.BROKEN, "more arrived than was sent"),)
KEPT = (Finding("I13", Verdict.KEPT, ""),)


def test_a_fault_that_the_proxy_never_met_proves_nothing(committed: Any) -> None:
    assert doubt(committed.saga, [(LOST, False)], tuple(committed.calls), KEPT) == (
        "The fault was never met, so nothing was learned: the reply to the forward call of apply_vas is lost, once. "
        "The saga did not make this call."
    )
    assert doubt(committed.saga, [(LOST, True)], tuple(committed.calls), KEPT) is None


def test_a_refusal_is_met_when_the_participant_refused_in_its_reply_or_in_its_callback(
    committed: Any, compensated: Any, escalated: Any
) -> None:
    told = replace(REFUSED, step="create_packages")

    assert doubt(compensated.saga, [(REFUSED, False)], tuple(compensated.calls), KEPT) is None
    assert doubt(escalated.saga, [(told, False)], tuple(escalated.calls), KEPT) is None
    assert "never met" in str(doubt(committed.saga, [(REFUSED, False)], tuple(committed.calls), KEPT))


@pytest.mark.parametrize("fate", [Fate.OK, Fate.UNANSWERED])
def test_a_call_that_was_slow_by_itself_puts_what_is_broken_in_doubt(committed: Any, fate: Fate) -> None:
    first = committed.calls[0]
    committed.calls[0] = replace(first, ended_ms=first.at_ms + 2001, fate=fate)

    found = doubt(committed.saga, [], tuple(committed.calls), BROKEN)

    assert found is not None
    assert "(reserve_money) took 2001 ms at billing although no fault delayed it; 2000 ms are declared." in found
    assert doubt(committed.saga, [], tuple(committed.calls), KEPT) is None


def test_a_call_that_a_fault_delayed_puts_nothing_in_doubt(committed: Any) -> None:
    first = committed.calls[0]
    committed.calls[0] = replace(first, ended_ms=first.at_ms + 9000, fate=Fate.DELAYED)

    assert doubt(committed.saga, [], tuple(committed.calls), BROKEN) is None
