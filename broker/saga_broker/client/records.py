"""What the broker's client gives back: frozen records. Needs pydantic and nothing else of the broker."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

YES, NO, UNKNOWN = "yes", "no", "unknown"
Verdict = Literal["yes", "no", "unknown"]


class Record(BaseModel):
    """A frozen record, read from the broker's JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Notice(Record):
    """A sentence of the broker's answer."""

    type: str = "info"
    text: str


class Published(Record):
    """What the broker told about a publication."""

    notices: tuple[Notice, ...] = ()


class SagaStepRecord(Record):
    """A step of a published saga; `sha` is that of its slice."""

    step: str
    participant: str
    step_class: str = Field(alias="class")
    sha: str


class SagaVersionRecord(Record):
    """A published saga file.

    Attributes:
        content: The file verbatim; None in lists.
    """

    saga: str
    version: str
    owner: str
    executes_as: str
    branch: str | None = None
    sha: str
    content: str | None = None
    content_type: str
    build_url: str | None = None
    created_at: str
    steps: tuple[SagaStepRecord, ...] = ()


class SelectedPact(Record):
    """A pact that a provider has to verify, as the broker lists it.

    Attributes:
        name: As the broker names it.
        url: Where it can be read.
        pending: A failure shall not fail the provider's build.
        wip: It is work in progress.
        short_description: Why it was selected, in a few words.
        notices: Why it was selected and what a failure means, with the moment (`when`) at which each is to be shown.
    """

    name: str
    url: str
    pending: bool = False
    wip: bool = False
    short_description: str = ""
    notices: tuple[dict[str, str], ...] = ()


class PactForVerification(SelectedPact):
    """A selected pact that was read.

    Attributes:
        consumer: The consumer's name.
        consumer_version: The consumer version that it was selected for.
        provider: The provider's name.
        sha: The pact's content sha.
        pact: Its JSON, with the broker's ids.
        publish_results_url: Where the result is posted.
    """

    consumer: str
    consumer_version: str
    provider: str
    sha: str
    pact: dict[str, Any]
    publish_results_url: str


class PactPlace(Record):
    """Where a consumer's pact can be read."""

    consumer: str
    url: str


class ConsumerVersion(Record):
    """A consumer version and where it is."""

    consumer: str
    number: str
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class DeploymentDecision(Record):
    """The answer to can-i-deploy.

    Attributes:
        deployable: True, False, or None for unknown.
    """

    deployable: bool | None
    reason: str
    success: int = 0
    failed: int = 0
    unknown: int = 0
    notices: tuple[Notice, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Give yes, no or unknown."""
        return verdict_of(self.deployable)


class RunReason(Record):
    """One reason of a decision; `until` is when it ends by itself, as sagas in flight do."""

    type: str
    verdict: Verdict
    step: str | None = None
    participant: str | None = None
    version: str | None = None
    obligation: str | None = None
    text: str
    mend: str = ""
    command: str = ""
    until: str | None = None
    saga_version: str | None = None


class RunStep(Record):
    """What is known of a step at one version of its participant.

    Attributes:
        obligations: The verdict of each, worked out by the gate.
        said: What the verifier concluded, which counts for nothing.
        faults: With how many faults the deck was played.
    """

    step: str
    participant: str
    version: str | None = None
    pact: str
    deck: str
    obligations: dict[str, str] = {}
    said: str | None = None
    faults: int | None = None
    saga_version: str | None = None


class EnvironmentRecord(Record):
    """Where versions are deployed."""

    uuid: str
    name: str
    display_name: str = ""
    production: bool


class VersionRecord(Record):
    """A version of a pacticipant, with its branches and tags."""

    number: str
    created_at: str = ""
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class DeployedRecord(Record):
    """A version that is deployed to, or released in, an environment."""

    uuid: str
    pacticipant: str
    version: str
    environment: str
    application_instance: str | None = None
    released: bool = False
    created_at: str = ""


class Executor(Record):
    """The pacticipant whose process makes a saga's calls."""

    name: str
    version: str | None = None


class RunDecision(Record):
    """The answer to can-run.

    Attributes:
        can_run: True, False, or None for unknown.
        faults: The most faults in one history for which decks must be kept.
        today: The day on which waivers were judged.
        saga_version: The version that was judged.
    """

    saga: str
    environment: str
    can_run: bool | None
    faults: int | None = None
    today: str | None = None
    summary: str
    saga_version: str | None = None
    executes_as: Executor
    reasons: tuple[RunReason, ...] = ()
    steps: tuple[RunStep, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Give yes, no or unknown."""
        return verdict_of(self.can_run)


class Deviation(Record):
    """From which obligation a history deviated, and how."""

    obligation: str
    text: str = ""


class DeckHistory(Record):
    """One history that was played. The gate works out from `broken`, `seen`, `unseen` and `trouble` what it says.

    Attributes:
        word: The history's name, such as `F C F` or `R F (improved)`.
        verdict: What the verifier made of it.
        obligations: All that it checks.
        text: Why, in words.
        calls: What was sent and answered.
        broken: The obligations from which it deviated.
        seen: What was looked at and judged to the end of the history: `reply`, `status`, `effect`, `failure`. None when the
            verifier does not say it: such a result never counts for a yes.
        unseen: Obligations that it checks but could not show, because a deviation stood before them.
        trouble: Why it could not be judged at all; empty when it was.
        how: Of a trial: what was sampled.
        inapplicable: Of a trial: why it does not apply to the participant; empty when it does.
    """

    word: str
    verdict: str
    obligations: tuple[str, ...] = ()
    text: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    broken: tuple[Deviation, ...] | None = None
    seen: tuple[Literal["reply", "status", "effect", "failure"], ...] | None = None
    unseen: tuple[str, ...] | None = None
    trouble: str | None = None
    how: str | None = None
    inapplicable: str | None = None


class NewDeckResult(Record):
    """A deck result as it is published."""

    derivation: int
    faults: int
    verifier: str
    verdict: Literal["kept", "broken", "unproven", "pending", "waived"]
    claim: str
    obligations: dict[str, str]
    histories: tuple[DeckHistory, ...]
    branch: str | None = None
    build_url: str | None = None


class DeckResultRecord(NewDeckResult):
    """A deck result as it is stored."""

    saga: str
    step: str
    sha: str
    provider: str
    provider_version: str
    created_at: str


def verdict_of(answer: bool | None) -> Verdict:  # noqa: FBT001  (the answer itself)
    """Give the word for a three-valued answer."""
    if answer is None:
        return "unknown"
    return "yes" if answer else "no"
