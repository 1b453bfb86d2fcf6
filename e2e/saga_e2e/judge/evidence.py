"""What one scenario left behind, as values: the saga service's record, what each participant says, what passed the proxy (pure).

Gathering it is `gather`, judging it is `invariants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.wire import replies
from saga_e2e.derive.scenarios import End
from saga_e2e.proxy.trace import Trace

TERMINAL = frozenset(End)


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """The saga service's record of one saga, as its API gives it.

    Attributes:
        history: Every state that the saga has been in, in order.
        steps: State of each step.
        outputs: Outputs of each step.
        reason: Why the saga did not finish, in the service's words.
    """

    state: str
    history: tuple[str, ...]
    steps: Mapping[str, str]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Has the saga come to an end?"""
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """One step, asked for at its participant directly.

    Attributes:
        state: What the saga service's record says of the step.
        status: What the status call told; None when the step declares none.
        probe: What the effect probe read; None when it was not read.
        probe_trouble: Why it was not read.
        context: The values of the step's templates.
    """

    step: str
    state: str
    status: str | None
    probe: Any = None
    probe_trouble: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one played scenario.

    Attributes:
        record: The record when the saga had come to its end, or when the time was up.
        again: The record after everything else was gathered.
        steps: Each step, in the order of the file.
        trace: Every call that passed the proxy.
    """

    saga_id: str
    record: SagaRecord
    again: SagaRecord
    steps: tuple[StepEvidence, ...]
    trace: Trace

    def step(self, name: str) -> StepEvidence:
        """Give one step's evidence.

        Raises:
            KeyError: when there is none.
        """
        for step in self.steps:
            if step.step == name:
                return step
        raise KeyError(name)


def worlds(step: Step, found: StepEvidence, *, refusing: bool) -> frozenset[str] | None:
    """Say which of the step's declared worlds the probe's reading equals: `applied`, `without` (no effect).

    Args:
        step: The step.
        found: Its evidence.
        refusing: Was its participant put into the refusing precondition?

    Returns:
        None when there is no reading.
    """
    if step.probe is None or found.probe_trouble:
        return None
    reads = step.probe.reads
    without = reads.refusing if refusing and reads.refusing is not None else reads.before
    declared = {"applied": reads.applied, "without": without}
    return frozenset(name for name, fields in declared.items() if replies.fits_body(fields, found.probe, found.context) is None)


def reading(step: Step, found: StepEvidence) -> Any:
    """Give the part of the probe's reading that the saga file declares; all of it when it is no object."""
    if step.probe is None or not isinstance(found.probe, Mapping):
        return found.probe
    reads = step.probe.reads
    declared = {**reads.before, **reads.applied, **(reads.refusing or {})}
    return {name: found.probe[name] for name in declared if name in found.probe}


def shared_probes(saga: Saga, evidence: Evidence) -> frozenset[str]:
    """Name the steps whose probe reads what another step's probe reads, too: their effects cannot be told apart."""
    places: dict[tuple[str, str], list[str]] = {}
    for step in saga.steps:
        found = evidence.step(step.step)
        if step.probe is not None and not found.probe_trouble:
            request = step.probe.request
            filled = templates.fill([request.path, request.query, request.body], found.context)
            places.setdefault((step.participant, str(filled)), []).append(step.step)
    return frozenset(name for names in places.values() if len(names) > 1 for name in names)
