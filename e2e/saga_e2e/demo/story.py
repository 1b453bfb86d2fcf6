"""What the demo found out: whether everything ended as the story says, and what the report is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_e2e.play.nightly import Headline
from saga_verifier import reporting
from saga_verifier.run import ProviderOutcome

FIRST, BROKEN, MENDED = "1.0.0", "1.1.0", "1.1.1"
"""The version that everything begins with, billing's bad one, and its mended one."""


@dataclass(slots=True)
class Story:
    """What the demo found out so far."""

    providers: list[ProviderOutcome] = field(default_factory=list)
    gates: list[dict[str, Any]] = field(default_factory=list)
    scenarios: list[dict[str, Any]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def expect(self, is_so: bool, otherwise: str) -> None:  # noqa: FBT001
        """Note when something did not end as the story says."""
        if not is_so:
            self.surprises.append(otherwise)

    def headline(self, saga: Saga) -> Headline:
        """Give the verdict on the whole."""
        if self.surprises:
            return Headline("broken", f"{len(self.surprises)} things did not end as told: {self.surprises[0]}.")
        return Headline(
            "kept",
            f"The saga {saga.saga} holds: every participant keeps its contracts and decks, and {len(self.scenarios)} "
            f"end-to-end scenarios ended as they must. billing {BROKEN} was caught breaking O8 before it was deployed.",
        )

    def parts(self) -> Mapping[str, list[dict[str, Any]]]:
        """Give the parts of the report."""
        return {
            "providers": [reporting.as_json(outcome, self._confirmed()) for outcome in self.providers],
            "gates": self.gates,
            "scenarios": self.scenarios,
            "figures": self.figures,
        }

    def _confirmed(self) -> str | None:
        """Give today's date when every scenario saw only histories of the decks (I13)."""
        found = [one["verdict"] for scenario in self.scenarios for one in scenario["invariants"] if one["id"] == "I13"]
        all_seen = len(found) == len(self.scenarios) > 0 and set(found) == {"kept"}
        return datetime.now(tz=UTC).strftime("%Y-%m-%d") if all_seen else None
