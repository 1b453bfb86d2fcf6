"""What is known about a provider once its pacts were verified, in one value and one word (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from saga_contracts.declare.verdict import Verdict, exit_status, worst
from saga_verifier.verdicts import DeckResult, PactOutcome

COULD_NOT_FIND_OUT, EXIT_COULD_NOT_FIND_OUT = "could not find out", 4


@dataclass(frozen=True, slots=True)
class ProviderOutcome:
    """What is known about one version of a provider.

    Attributes:
        pacts: One for each consumer's pact; empty when no saga and no pact names the provider.
        text: Why there is nothing, when there is nothing.
        trouble: Why nothing could be found out of it; empty: something was.
        mixed: What each step shows with the deployed version and this one in turns; published nowhere.
        unmixed: Why something of that could not be found out; empty: it was, or nobody asked for it.
    """

    provider: str
    version: str
    pacts: tuple[PactOutcome, ...]
    text: str = ""
    trouble: str = ""
    mixed: tuple[DeckResult, ...] = ()
    unmixed: str = ""

    @property
    def verdict(self) -> Verdict:
        """Give the worst verdict of its pacts and mixes; `not applicable` only where the broker says that there is none."""
        if self.trouble:
            return Verdict.UNPROVEN
        unknown = [Verdict.UNPROVEN] if self.unmixed else []
        found = [*(pact.verdict for pact in self.pacts), *(deck.verdict for deck in self.mixed), *unknown]
        return worst(found) if found else Verdict.NOT_APPLICABLE

    @property
    def troubled(self) -> bool:
        """Is there a pact, or a mix, about which something could not be found out?"""
        return bool(self.trouble or self.unmixed) or any(pact.troubles for pact in self.pacts)

    @property
    def word(self) -> str:
        """Give the whole in one word: a certain no comes before what could not be found out, and that before all else."""
        return COULD_NOT_FIND_OUT if self.troubled and self.verdict != Verdict.BROKEN else self.verdict.value

    @property
    def exit_status(self) -> int:
        """Give the exit status that it stands for: the worst of its pacts, 1 before 4 before 3 before 0."""
        return EXIT_COULD_NOT_FIND_OUT if self.word == COULD_NOT_FIND_OUT else exit_status(self.verdict)


def worst_status(outcomes: Iterable[ProviderOutcome]) -> int:
    """Give the exit status of several providers: 1 before 4 before 3 before 0."""
    found = {outcome.exit_status for outcome in outcomes}
    return next((status for status in (1, EXIT_COULD_NOT_FIND_OUT, 3) if status in found), 0)
