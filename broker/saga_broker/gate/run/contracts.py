"""Do the pacts hold what the saga file asks for: the cases of each step, and the messages between owner and executor? Pure.

An interaction holds a case by its key, or by its description where the key is another tool's. A pact says by the slices that it
carries from which saga file it was made; one that was made from another file holds nothing of this one, whatever its names say.

Messages (the creation of a saga, the notification of its owner) are asked for once a contract holds one of them: whoever begins
holds all of them. Where there is none at all, that is told beside a yes and stops nothing: nobody verifies them in this version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from saga_contracts.derive import pactfile
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.cases import Case
from saga_contracts.derive.slices import StepSlice
from saga_contracts.errors import UsageError


@dataclass(frozen=True, slots=True)
class Held:
    """What a pact holds of a saga.

    Attributes:
        names: Keys and descriptions of its interactions.
        slices: The shas of the slices that it carries, by step.
        fault: Why a slice cannot be read; empty when all can.
    """

    names: frozenset[str] = frozenset()
    slices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fault: str = ""

    def is_of_other_file(self, slice_: StepSlice, sha: str) -> bool:
        """Was the part of the pact about a step made from another version of the saga file?"""
        found = self.slices.get(slice_.step.step)
        return bool(self.fault) or (found is not None and sha not in found)


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a saga that one pact has to hold.

    Attributes:
        consumer: Who receives them.
        version: Of the consumer; None when none is known.
        provider: Who sends them.
        cases: The names of the cases.
        held: What the pact holds; None when there is no pact.
        broken_by: Versions of the provider that do not keep the pact.
    """

    consumer: str
    version: str | None
    provider: str
    cases: tuple[str, ...]
    held: Held | None
    broken_by: tuple[str, ...] = ()

    @property
    def is_begun(self) -> bool:
        """Does the pact hold any of the cases?"""
        return len(self.missing) < len(self.cases)

    @property
    def missing(self) -> tuple[str, ...]:
        """Give the cases that no contract holds."""
        names = self.held.names if self.held is not None else frozenset()
        return tuple(one for one in self.cases if one not in names)


def read(pact: Any, saga: str) -> Held:
    """Read from a published pact, which may be any JSON, what it holds of a saga."""
    listed = pact.get("interactions") if isinstance(pact, dict) else None
    interactions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    names = [one.get(name) for one in interactions for name in ("key", "description")]
    slices: dict[str, set[str]] = {}
    fault = ""
    try:
        for slice_ in pactfile.slices({"interactions": interactions}):
            if slice_.saga == saga:
                slices.setdefault(slice_.step.step, set()).add(slice_.sha)
    except UsageError as error:
        fault = str(error)
    return Held(frozenset(one for one in names if isinstance(one, str)), {k: frozenset(v) for k, v in slices.items()}, fault)


def missing_cases(slice_: StepSlice, expected: Sequence[Case], held: Held, today: date) -> list[str]:
    """Give the cases of a step that a pact lacks, but for those that serve nothing but what is waived today."""
    waivers = Waivers(slice_.waivers, slice_.step.step, today)
    asked = [case for case in expected if not all(waivers.hides(one) for one in case.obligations)]
    return [case.name for case in asked if case.name not in held.names]
