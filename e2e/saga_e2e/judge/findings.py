"""What judging an invariant works on and gives: the case and the finding (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from saga_contracts.declare import conditions
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.declare.verdict import Verdict
from saga_contracts.wire import branches
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.combined import Member, explanations
from saga_e2e.judge.evidence import Evidence, StepEvidence
from saga_e2e.judge.readings import shared_probes, sharing, worlds

OPEN = frozenset({"exhausted", "uncertain", "failed_compensation"})
"""Step states in which the saga service says openly that the step did not come to its end."""
STANDS_ALONE = frozenset({"I2", "I11"})
"""Invariants that no fault excuses: broken is broken, also where a fault did not happen as it was named."""
_WITHOUT_EFFECT = frozenset({"absent", "compensated", "refused"})


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one invariant, with the reason in words."""

    id: str
    verdict: Verdict
    text: str

    def as_json(self) -> dict[str, str]:
        """Give the finding as plain JSON."""
        return {"id": self.id, "verdict": self.verdict.value, "text": self.text}


@dataclass(frozen=True)
class Judged:
    """What the judging functions work on."""

    saga: Saga
    scenario: Scenario
    evidence: Evidence

    @property
    def end(self) -> str:
        """The saga's state at the end."""
        return self.evidence.record.state

    @property
    def with_effect(self) -> tuple[Step, ...]:
        """The steps that leave something behind, so that there is something to look at."""
        return tuple(step for step in self.saga.steps if not step.only_reads)

    @property
    def needed(self) -> tuple[Step, ...]:
        """The steps that the saga may not finish without."""
        return tuple(step for step in self.saga.steps if not step.optional)

    @cached_property
    def shared_probes(self) -> dict[str, str]:
        """The steps whose effects are read at one place with another's, each with the reason."""
        return shared_probes(self.saga, {step.step: self.found(step) for step in self.saga.steps})

    def skips(self, step: Step) -> bool:
        """Is it known that the step's condition did not hold, so that it had not to be run?"""
        if step.when is None:
            return False
        return self.tells_condition(step) and not conditions.parse(step.when).holds(self.found(step).context)

    def tells_condition(self, step: Step) -> bool:
        """Is it known whether the step had to be run?"""
        if step.when is None:
            return True
        condition = conditions.parse(step.when)
        return condition.name.startswith(branches.PAYLOAD) or condition.is_known(self.found(step).context)

    @property
    def checked(self) -> bool:
        """Was a checker asked to look after the end, so that it may ask, undo and tell then?"""
        return bool(getattr(self.scenario, "checked", False))

    def found(self, step: Step) -> StepEvidence:
        """Give a step's evidence."""
        return self.evidence.step(step.step)

    @cached_property
    def together(self) -> tuple[tuple[Member, ...], ...]:
        """The effects that are read at one place, those of another saga on the same resource included."""
        members = {one.name: one for one in self._members()}
        pairs = [(a, b) for a, b, _ in sharing((one.name, one.step, one.found) for one in members.values())]
        groups: list[set[str]] = []
        for pair in pairs:
            met = [group for group in groups if group & set(pair)]
            groups = [group for group in groups if group not in met] + [set(pair).union(*met)]
        return tuple(tuple(one for name, one in members.items() if name in group) for group in groups)

    @cached_property
    def explained(self) -> dict[str, tuple[frozenset[str], ...] | None]:
        """The sets of effects that make what was read at one place, by each step that is read there; None: cannot be told."""
        return {one.name: found for group in self.together for found in (explanations(group),) for one in group}

    def _members(self) -> Iterator[Member]:
        for evidence in (self.evidence, *self.evidence.others):
            for step in self.saga.steps:
                own = evidence is self.evidence
                name = step.step if own else f"{step.step} of {evidence.saga_id}"
                yield Member(name, evidence.saga_id, step, evidence.step(step.step), own and step.step in self.scenario.refusing)

    def worlds(self, step: Step) -> frozenset[str] | None:
        """Give the declared worlds in which a step may be by its probe's reading; None when that cannot be told."""
        if step.step in self.explained:
            sets = self.explained[step.step]
            return None if sets is None else frozenset("applied" if step.step in there else "without" for there in sets)
        return worlds(step, self.found(step), refusing=step.step in self.scenario.refusing)

    def has_effect(self, step: Step) -> bool | None:
        """Is the step's effect there? By its probe, else by its status call; None when neither tells."""
        seen = self.worlds(step)
        if seen is not None and len(seen) == 1:
            return "applied" in seen
        status = self.found(step).status
        return True if status == "applied" else False if status in _WITHOUT_EFFECT else None


def judged(id_: str, broken: Iterable[str], unproven: Iterable[str], kept: str) -> Finding:
    """Make a finding: broken by any reason, else unproven by any, else kept."""
    for verdict, reasons in ((Verdict.BROKEN, tuple(broken)), (Verdict.UNPROVEN, tuple(unproven))):
        if reasons:
            return Finding(id_, verdict, " ".join(reasons))
    return Finding(id_, Verdict.KEPT, kept)


def not_applicable(id_: str, text: str) -> Finding:
    """Make a finding of an invariant that this saga or scenario cannot break."""
    return Finding(id_, Verdict.NOT_APPLICABLE, text)
