"""What of a run need not be found out again: between the pacts of a run and the folder of results."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

from saga_contracts.errors import SagapactError
from saga_verifier.isolation.interface import Isolation
from saga_verifier.pacts.source import Source
from saga_verifier.provider_file import ProviderFile
from saga_verifier.reuse import Known, opened
from saga_verifier.verdicts import PactOutcome
from saga_verifier.verification import contents, whole


class Unchanged:
    """Results of a participant that may be reused in a run.

    Attributes:
        known: The results; None: none may be.

    Args:
        provider: The participant.
        isolation: Where it would be started.
        today: The day of the run.
        folder: Where results are kept; None: nothing is reused, and nothing kept.

    Raises:
        UsageError: when the provider file names files that are not there.
    """

    def __init__(self, provider: ProviderFile, isolation: Isolation, today: date, folder: Path | None) -> None:
        found = opened(folder, provider, isolation, today) if folder is not None else None
        self.known = found if isinstance(found, Known) else None
        self._provider, self._today = provider.provider, today
        self._notes = [found] if isinstance(found, str) else [found.note] if found is not None and found.note else []

    def read_once(self, source: Source) -> Source:
        """Give a source that is read once only, where it is asked for several times."""
        return source if self.known is None else replace(source, load=cache(source.load))

    def whole(self, source: Source, faults: int) -> tuple[PactOutcome, str] | None:
        """Give the outcome of a pact of which everything is known, and where it goes; None: it has to be verified."""
        if self.known is None:
            return None
        try:
            loaded = source.load()
        except SagapactError:
            return None  # whoever verifies it tells why
        found = whole(self._provider, loaded.document, faults, self._today, self.known, pending=source.pending)
        return None if found is None else (replace(found, origin=loaded.origin), loaded.results_url)

    def noted(self, outcome: PactOutcome) -> PactOutcome:
        """Say of a pact what was reused; what stands in the way of all reuse is said of the first one."""
        notes, self._notes = self._notes, []
        return replace(outcome, notes=(*outcome.notes, *notes, *_reused(outcome)))

    def kept(self, source: Source, outcome: PactOutcome) -> PactOutcome:
        """Keep what was found out of a pact, without secrets, for another run."""
        if self.known is None or not (outcome.interactions or outcome.decks):
            return outcome
        read = contents(self._provider, source.load().document)
        note = self.known.keep(*read, outcome.interactions, outcome.decks) if read is not None else ""
        return replace(outcome, notes=(*outcome.notes, note)) if note else outcome


def _reused(outcome: PactOutcome) -> Iterator[str]:
    interactions = [one.reused for one in outcome.interactions]
    histories = [one.reused for deck in outcome.decks for one in deck.histories]
    for words in sorted({*interactions, *histories} - {""}):
        counts = f"{interactions.count(words)} interactions and {histories.count(words)} histories"
        yield f"{counts} {words} (--no-reuse plays them again)"
