"""What one scenario left behind, as values: the saga service's record, what each participant says, what passed the proxy (pure).

Gathering it is `gather`, judging it is `invariants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_e2e.derive.ends import End
from saga_e2e.proxy.trace import Stray, Trace

TERMINAL = frozenset(End)


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """The saga service's record of one saga, as its API gives it.

    Attributes:
        history: Every state that the saga has been in, in order.
        steps: State of each step; empty where the orchestrator's record tells nothing of single steps.
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
        state: What the saga service's record says of the step; None where it says nothing of single steps.
        status: What the status call told; None when the step declares none.
        probe: What the effect probe read; None when it was not read.
        probe_trouble: Why it was not read.
        context: The values of the step's templates.
        before: What the probe read before the saga was created; None when it was not read then.
        place: Where the probe read, when that is no call of the API: by which statement or program, with which values.
    """

    step: str
    state: str | None
    status: str | None
    probe: Any = None
    probe_trouble: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    before: Any = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One conserved quantity, summed over all its reads.

    Attributes:
        before: The sum before the saga was created; None when it could not be read.
        after: The sum once everything is quiet; None when it could not be read.
        trouble: Why it could not be read.
    """

    name: str
    before: float | None
    after: float | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one played scenario.

    Attributes:
        record: The record when the saga had come to its end, or when the time was up.
        again: The record after everything else was gathered.
        steps: Each step, in the order of the file.
        trace: Every declared call that passed the proxy.
        strays: Every other call that bears a mark of this saga.
        ended_ms: When the record was first seen at an end, on the trace's clock; 0.0 when never.
        stillness_ms: How long it was watched after the end, with nothing to wait for.
        creations: The saga ids that the creation calls of one request gave, one for each answer; empty when there was one call.
        others: What a second saga on the same resources left behind; empty when there was one saga.
        quantities: The saga's conserved quantities; over both sagas where there were two.
    """

    saga_id: str
    record: SagaRecord
    again: SagaRecord
    steps: tuple[StepEvidence, ...]
    trace: Trace
    strays: tuple[Stray, ...] = ()
    ended_ms: float = 0.0
    stillness_ms: int = 0
    creations: tuple[str, ...] = ()
    others: tuple["Evidence", ...] = ()
    quantities: tuple[Quantity, ...] = ()

    @property
    def tells_steps(self) -> bool:
        """Does the orchestrator's record tell the states of single steps?"""
        return any(step.state is not None for step in self.steps)

    def step(self, name: str) -> StepEvidence:
        """Give one step's evidence.

        Raises:
            KeyError: when there is none.
        """
        for step in self.steps:
            if step.step == name:
                return step
        raise KeyError(name)
