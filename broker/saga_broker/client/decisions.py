"""What the broker answers about a set of versions, and about a change: frozen records."""

from typing import Literal

from saga_broker.client.records import Record, RunDecision, RunReason, Verdict, verdict_of


class NamedVersion(Record):
    """A version of a pacticipant; None: every version."""

    pacticipant: str
    version: str | None = None

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.pacticipant} {self.version or '(every version)'}"


class PactsDecision(Record):
    """What the pacts of the pairs say."""

    can_deploy: bool | None
    reasons: tuple[RunReason, ...] = ()


class Together(Record):
    """What came of the search for the smallest set that may be deployed.

    Attributes:
        found: Is there one?
        added: What must be deployed besides.
        tried: So many sets were judged.
        is_complete: Was everything tried that could be smaller, or at all?
    """

    found: bool
    added: tuple[NamedVersion, ...] = ()
    tried: int
    is_complete: bool
    text: str
    command: str = ""


class DeployDecision(Record):
    """The answer to whether versions may be deployed together.

    Attributes:
        can_deploy: True, False, or None for unknown.
        absent_sagas: Sagas of these pacticipants of which no version is there; nothing is asked of them.
        together: The smallest set; None when these may be deployed, or it was not looked for.
    """

    environment: str
    can_deploy: bool | None
    faults: int
    today: str
    summary: str
    versions: tuple[NamedVersion, ...]
    pacts: PactsDecision
    sagas: tuple[RunDecision, ...] = ()
    absent_sagas: tuple[str, ...] = ()
    together: Together | None = None

    @property
    def verdict(self) -> Verdict:
        """Give yes, no or unknown."""
        return verdict_of(self.can_deploy)


class Standing(Record):
    """Whether a saga can run, in short."""

    can_run: bool | None
    summary: str


class ChangedSaga(Record):
    """A saga before and after a change; None where no version of it is there."""

    saga: str
    change: Literal["same", "worse", "better", "comes", "goes"]
    before: Standing | None = None
    after: Standing | None = None
    new: tuple[RunReason, ...] = ()
    gone: tuple[RunReason, ...] = ()


class Changes(Record):
    """The answer to what would change.

    Attributes:
        is_safe: The worst verdict of the sagas that become worse, or come; True when there is none.
    """

    environment: str
    is_safe: bool | None
    faults: int
    today: str
    summary: str
    deployed: tuple[NamedVersion, ...] = ()
    removed: tuple[NamedVersion, ...] = ()
    sagas: tuple[ChangedSaga, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Give yes, no or unknown."""
        return verdict_of(self.is_safe)
