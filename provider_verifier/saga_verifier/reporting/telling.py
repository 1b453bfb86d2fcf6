"""Tells the outcomes of a command as they come, and at its end writes what was asked for."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from saga_contracts.errors import SagapactError
from saga_verifier.outcomes import EXIT_COULD_NOT_FIND_OUT, ProviderOutcome, worst_status
from saga_verifier.reporting import documents, github, screen, view
from saga_verifier.reporting.files import Wanted
from saga_verifier.reporting.view import Asked

_BROKEN = 1


@dataclass(slots=True)
class Telling:
    """What is told of one run of the command.

    Attributes:
        wanted: In which formats.
        files: The provider files, by their providers.
        words: What stands on a command that asks the same again.
        upgrade: Which other version was played with; empty: none.
    """

    wanted: Wanted
    files: Mapping[str, str]
    words: tuple[str, ...] = ()
    upgrade: str = ""
    outcomes: list[ProviderOutcome] = field(default_factory=list)

    def tell(self, outcome: ProviderOutcome) -> None:
        """Tell an outcome on the screen."""
        self.outcomes.append(outcome)
        if not self.wanted.as_json:
            lines = list(screen.told(self._viewed(outcome)))
            click.echo("\n".join(_unheeded(lines) if self.wanted.github else lines))

    def end(self) -> int:
        """Write the files; give the exit status: a certain no stays one, even where its file could not be written."""
        status = worst_status(self.outcomes)
        providers = [self._viewed(one) for one in self.outcomes]
        if self.wanted.as_json:
            click.echo(json.dumps(documents.all_as_json(self.outcomes), indent=2, ensure_ascii=False))
        for line in github.annotations(providers) if self.wanted.github else ():
            click.echo(line, err=self.wanted.as_json)
        try:
            self.wanted.write(providers)
        except SagapactError as error:
            click.echo(f"sagapact: {error}", err=True)
            return status if status == _BROKEN else EXIT_COULD_NOT_FIND_OUT
        return status

    def _viewed(self, outcome: ProviderOutcome) -> view.Provider:
        file = self.files[outcome.provider]
        is_one_of_several = list(self.files.values()).count(file) > 1
        which = ("--provider", outcome.provider) if is_one_of_several else ()
        return view.of(outcome, Asked(file, (*which, *self.words), self.upgrade))


def _unheeded(lines: list[str]) -> list[str]:
    """Give lines in which GitHub heeds no workflow command: a participant's words stand in them."""
    token = secrets.token_hex(16)
    return [f"::stop-commands::{token}", *lines, f"::{token}::"]
