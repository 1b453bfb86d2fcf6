"""Which calls the runs so far have made, so that a fault is put only at a call that there is (pure bookkeeping)."""

from collections import Counter

from saga_e2e.derive.faults import Fault, Role
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.records import ScenarioRecord


class Recorded:
    """Remembers how often each call was made, by the faults of the run."""

    def __init__(self) -> None:
        self._sent: dict[frozenset[Fault], Counter[tuple[str, Role]]] = {}

    def note(self, record: ScenarioRecord) -> None:
        """Remember a run that is known to be what it is called."""
        one = record.scenario
        if record.error is None and one.sagas == 1 and not one.checked and (one.refusing or not one.payload):
            self._sent[frozenset(one.faults)] = Counter((call.step, call.role) for call in record.trace)

    def why_not(self, scenario: Scenario) -> str | None:
        """Say which call of a scenario's faults the run with its other faults did not make; None: as far as known, all are."""
        if scenario.checked:
            return None
        for fault in scenario.faults:
            others = frozenset(scenario.faults) - {fault}
            sent = self._sent.get(others)
            same = sum((one.step, one.role) == (fault.step, fault.role) and fault.persistent for one in others)
            if sent is None or fault.role == Role.CREATION or sent[(fault.step, fault.role)] >= (fault.occurrence or 1 + same):
                continue
            run = " and ".join(one.text for one in others) or "no fault"
            return f"The recorded run made no such call ({run}): {fault.text}."
        return None
