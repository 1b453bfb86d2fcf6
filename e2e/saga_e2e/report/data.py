"""What a report is made of: everything that one run found, as frozen values (shapes only).

Every part may be missing. The models do not judge: `verdicts` says what a part comes to, and counts a part in which nothing was
checked as unproven, whatever verdict it bears.
"""

from collections.abc import Container
from enum import StrEnum
from typing import Literal

from pydantic import Field

from saga_contracts.declare.saga import Saga
from saga_e2e.report.night.data import Changes, Kill, NotPlayed, ShrunkFailure, Traffic
from saga_e2e.report.part import Json, Part


class Verdict(StrEnum):
    """What is known about one thing that was to be checked."""

    KEPT = "kept"
    BROKEN = "broken"
    UNPROVEN = "unproven"  # nothing at hand can show it
    PENDING = "pending"  # broken, but the provider's main branch has never kept it
    WAIVED = "waived"  # broken, and knowingly so for a while
    NOT_APPLICABLE = "not applicable"  # said positively by the file or the broker
    UNKNOWN = "unknown"  # nobody told


class Headline(Part):
    """The verdict on the whole, in one sentence."""

    status: Literal["kept", "broken", "unknown"] = "unknown"
    sentence: str = ""


class HttpRequest(Part):
    """A request as it was sent."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = Field(default={})
    body: Json = None


class HttpReply(Part):
    """What came back: a status and a body, or the reason why nothing did."""

    status: int | None = None
    body: Json = None
    error: str | None = None


class Call(Part):
    """One call of a history, as evidence.

    Attributes:
        letter: `F`, `R`, `C`, `M`, `S` or `probe`.
        outcome: What the reply means; None for a probe, and when nothing came.
        expected: What should have come, in words; None: read off the saga file.
    """

    letter: str = ""
    outcome: str | None = None
    expected: str | None = None
    request: HttpRequest = HttpRequest()
    reply: HttpReply = HttpReply()


class Deviation(Part):
    """What was not as it must be in a history, and the obligation at fault."""

    obligation: str
    text: str = ""


class HistoryResult(Part):
    """How one arrival history ended; the calls are there for what was not kept.

    Attributes:
        obligations: What it speaks of; for a result that does not say what is `broken`, what is at fault.
        broken: What was not as it must be; None: the result does not say.
    """

    word: str
    verdict: Verdict = Verdict.UNKNOWN
    obligations: tuple[str, ...] = ()
    broken: tuple[Deviation, ...] | None = None
    text: str = ""
    calls: tuple[Call, ...] = ()

    @property
    def at_fault(self) -> tuple[str, ...]:
        """The obligations that it shows not to hold."""
        if self.verdict not in (Verdict.BROKEN, Verdict.PENDING, Verdict.WAIVED):
            return ()
        return self.obligations if self.broken is None else tuple(one.obligation for one in self.broken)

    def text_of(self, obligations: Container[str]) -> str:
        """What it says of these obligations; where that is not told apart, all that it says."""
        said = [one.text for one in self.broken or () if one.obligation in obligations and one.text]
        return " ".join(said) or self.text


class DeckResult(Part):
    """How the deck of one step ended; without a saga it is of the report's saga."""

    saga: str = ""
    step: str
    faults: int | None = None
    derivation: int | None = None
    verdict: Verdict = Verdict.UNKNOWN
    claim: str = ""
    obligations: dict[str, Verdict] = Field(default={})
    histories: tuple[HistoryResult, ...] = ()


class InteractionResult(Part):
    """How one interaction of a pact ended: what differed, and what else is to be said of it."""

    key: str
    verdict: Verdict = Verdict.UNKNOWN
    mismatches: tuple[str, ...] = ()
    text: str = ""


class PactResult(Part):
    """How one consumer's pact with the provider ended, with the decks that it carries, and why more could not be found out."""

    consumer: str
    consumer_version: str = ""
    verdict: Verdict = Verdict.UNKNOWN
    troubles: tuple[str, ...] = ()
    pending: bool = False
    interactions: tuple[InteractionResult, ...] = ()
    decks: tuple[DeckResult, ...] = ()


class ProviderResult(Part):
    """How the verification of one provider version ended; the text says why when there was nothing to verify."""

    provider: str
    version: str = ""
    verdict: Verdict = Verdict.UNKNOWN
    text: str = ""
    pacts: tuple[PactResult, ...] = ()


class CanIDeploy(Part):
    """The answer for one pacticipant; None: unknown."""

    pacticipant: str
    version: str = ""
    deployable: bool | None = None
    reason: str = ""


class Reason(Part):
    """One reason of the answer for the saga."""

    type: str = ""
    verdict: Literal["yes", "no", "unknown"] = "unknown"
    step: str | None = None
    participant: str | None = None
    version: str | None = None
    obligation: str | None = None
    text: str | None = None
    mend: str | None = None
    command: str | None = None


class CanRun(Part):
    """Can the saga run? None: unknown."""

    can_run: bool | None = Field(default=None, alias="canRun")
    summary: str = ""
    reasons: tuple[Reason, ...] = ()


class Gate(Part):
    """The gate's decisions at one moment of the run."""

    title: str = ""
    can_i_deploy: tuple[CanIDeploy, ...] = ()
    can_run: CanRun | None = None


class InjectedFault(Part):
    """One fault that a scenario injected."""

    step: str | None = None
    role: str | None = None
    fault_class: str | None = Field(default=None, alias="class")
    kind: str = ""
    text: str = ""


class InvariantResult(Part):
    """Did one invariant hold after the scenario was quiet?"""

    id: str
    verdict: Verdict = Verdict.UNKNOWN
    text: str = ""


class StepEnd(Part):
    """How one step ended: by the saga service's record, by its status call, by its probe."""

    step: str
    state: str | None = None
    status: Json = None
    probe: Json = None


class TraceEntry(Part):
    """One call as it was observed between two processes.

    Attributes:
        at_ms: When it was sent, since the start of the scenario.
        request: Such as `POST /reservations`, or the request itself.
        status: HTTP status of the reply; None when none was seen.
        fate: What became of it on its way, such as `request_lost`, `reply_lost`, `unavailable`, `unanswered`, `duplicated`,
            `delayed`; `ok` or empty: it arrived, and its reply came back.
    """

    at_ms: float | None = None
    source: str = ""
    target: str = ""
    step: str | None = None
    role: str | None = None
    letter: str | None = None
    request: HttpRequest | str | None = None
    status: int | None = None
    fate: str | None = None


class ScenarioResult(Part):
    """How one end-to-end scenario ended."""

    name: str
    title: str = ""
    tier: int | str | None = None
    faults: tuple[InjectedFault, ...] = ()
    expected: str = ""
    outcome: str = ""
    verdict: Verdict = Verdict.UNKNOWN
    duration_ms: float | None = None
    invariants: tuple[InvariantResult, ...] = ()
    steps: tuple[StepEnd, ...] = ()
    trace: tuple[TraceEntry, ...] = ()
    notifications: tuple[Json, ...] = ()


class Figure(Part):
    """One measured number."""

    name: str
    value: int | float | str | None = None
    unit: str = ""


class ReportData(Part):
    """All that a report shows."""

    title: str = "Sagapact report"
    generated_at: str = ""
    sagapact: str = ""
    saga: Saga | None = None
    verdict: Headline | None = None
    providers: tuple[ProviderResult, ...] = ()
    gates: tuple[Gate, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    not_played: tuple[NotPlayed, ...] = ()
    shrunk: tuple[ShrunkFailure, ...] = ()
    traffic: Traffic | None = None
    changes: Changes | None = None
    kills: tuple[Kill, ...] = ()
    figures: tuple[Figure, ...] = ()
