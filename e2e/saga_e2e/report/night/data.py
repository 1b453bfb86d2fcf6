"""What a nightly run found besides its scenarios, as frozen values (shapes only)."""

from saga_e2e.report.part import Part


class NotPlayed(Part):
    """A scenario, or a kind of them, that was not played."""

    scenario: str
    why: str


class GuiltyParticipant(Part):
    """A participant at fault: the history that shows it, whether its deck has it, and the command that plays it there."""

    step: str
    participant: str
    history: str = ""
    why: str = ""
    deck: str = ""
    command: str = ""


class ShrunkFailure(Part):
    """A failure as small as it gets, and how to see it again.

    Attributes:
        first: The scenario that failed in the run.
        plays: How many scenarios were played to find it.
        note: What is to be known of the shrinking.
        test: A pytest case.
        orchestrator: The orchestrator's fault in words; empty when participants are at fault.
    """

    scenario: str
    first: str = ""
    invariant: str = ""
    text: str = ""
    faults: tuple[str, ...] = ()
    plays: int = 0
    note: str = ""
    command: str = ""
    test: str = ""
    guilty: tuple[GuiltyParticipant, ...] = ()
    orchestrator: str = ""


class OddCall(Part):
    """Calls of one kind that no contract speaks of, or that differ from theirs."""

    what: str
    request: str = ""
    target: str = ""
    step: str = ""
    role: str = ""
    contract: str = ""
    differs: str = ""
    count: int = 1
    scenario: str = ""


class UsedContract(Part):
    """One contract, what exercised it, and how many calls were like it."""

    consumer: str = ""
    provider: str
    name: str
    source: str = ""
    count: int = 0


class Traffic(Part):
    """The calls of the run against the published contracts."""

    calls: int = 0
    matched: int = 0
    odd: tuple[OddCall, ...] = ()
    used: tuple[UsedContract, ...] = ()

    @property
    def unused(self) -> tuple[UsedContract, ...]:
        """Contracts that no call was like."""
        return tuple(one for one in self.used if not one.count)

    @property
    def of_library(self) -> tuple[UsedContract, ...]:
        """Contracts that only the library's client met in the contract tests: the run confirms them, or not."""
        return tuple(one for one in self.used if one.source == "library")


class Slower(Part):
    """A scenario that took much longer than the last time."""

    name: str
    before_ms: float
    now_ms: float


class Changes(Part):
    """What differs from the last run.

    Attributes:
        since: When that was.
        broken: Scenarios that were kept, and are broken now.
        mended: Scenarios that were broken, and are kept now.
        added: Scenarios that were not played then.
        gone: Scenarios that were played then and are not now.
    """

    since: str = ""
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    slower: tuple[Slower, ...] = ()
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class Kill(Part):
    """One known-bad orchestrator of the harness's own tests, and the invariant that catches it."""

    fault: str
    caught_by: str
    scenario: str = ""
