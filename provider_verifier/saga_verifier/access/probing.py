"""Reads an effect that no call of the API shows: by SQL or by a program, as the provider file says.

Calls at several addresses are made by the driver, which knows how a call is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.errors import SagapactError
from saga_contracts.wire.bodies import body_of
from saga_verifier.access import sql
from saga_verifier.access.programs import Stage
from saga_verifier.provider_file.probes import ProbeForm

METHODS = SQL, RUN = "SQL", "RUN"
"""What stands in evidence in the place of an HTTP method."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read, and by what.

    Attributes:
        method: One of `METHODS`.
        where: The statement, or the program.
        asked: The values that it was given.
        document: What it read; None when it could not.
        error: Why it could not, with the mend; empty when it could.
    """

    method: str
    where: str
    asked: Any
    document: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Prober:
    """Reads the effect of one step.

    Attributes:
        form: As the provider file says.
        stage: What its placeholders stand for.
    """

    form: ProbeForm
    stage: Stage

    @property
    def names(self) -> frozenset[str]:
        """Dotted names of the step's values that it asks by."""
        form = self.form
        asked = [form.params, form.command, form.env, [one.model_dump() for one in form.requests or ()]]
        return frozenset(name for one in asked for name in templates.names_in(one))

    def see(self, context: Mapping[str, Any]) -> Seen:
        """Read it for an instance whose values these are; for SQL the document is the list of rows."""
        return self._by_sql(context) if self.form.sql is not None else self._by_program(context)

    def _by_sql(self, context: Mapping[str, Any]) -> Seen:
        statement, asked = str(self.form.sql), {}
        try:
            asked = templates.fill(self.form.params, context)
            url = self.stage.filled(str(self.form.url))
            return Seen(SQL, statement, asked, sql.rows(url, statement, asked, self.form.timeout_s))
        except SagapactError as error:
            return Seen(SQL, statement, asked, error=str(error))

    def _by_program(self, context: Mapping[str, Any]) -> Seen:
        command = self.form.command or ()
        words = list(command[1:])
        try:
            words = [self.stage.word(word, context) for word in command[1:]]
            printed = self.stage.run(self.form, command, context)
        except SagapactError as error:
            return Seen(RUN, command[0], words, error=str(error))
        document = body_of(printed)
        if document is None:
            said = printed[:160].decode("utf-8", "replace").strip() or "nothing"
            mend = "Let it print what it reads as JSON."
            return Seen(RUN, command[0], words, error=f"{command[0]} printed no JSON, but {said!r}. {mend}")
        return Seen(RUN, command[0], words, document)
