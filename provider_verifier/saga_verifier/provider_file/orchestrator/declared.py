"""How an orchestrator is used that nobody changes for a harness: how a saga is created there, read, and told outcomes.

    orchestrator:
      env: {BILLING_URL: "{address:billing}", PUBLIC_URL: "{callback_base}"}
      create: {request: {method: POST, path: /orders, body: {token: "{request_id}", data: "{payload}"}}, id: ref}
      read:
        request: {method: GET, path: "/orders/{saga_id}"}
        state: phase
        words: {committed: [FINISHED], compensated: [UNDONE], escalated: [NEEDS_HELP]}
        steps: "legs.[name={step}].state"
      callback_path: "/hooks/{key}"

Places in an answer are reached by dots: a name, a number (`-1` is the last), `[field=value]` for the last one of a list whose
field has this value, or `*` for every one of a list (`events.*.type`); `{step}` stands for the step's name.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from saga_contracts.declare.saga import Correlation, Model, Request
from saga_verifier.provider_file.fields import EnvName, EnvText, UrlPath, Word

CREATE_VALUES = ("saga", "request_id", "payload")
DEFINE_VALUES = ("saga", "definition")
READ_VALUES = ("saga", "saga_id", "request_id")
CHECK_VALUES = READ_VALUES
ID_VALUES = ("request_id",)
CALLBACK_VALUES = ("key", "saga_id", "step")
ENDS = ("committed", "compensated")
"""The ends that every orchestrator can tell; one that never gives up needs no word for `escalated`."""

Place = Annotated[str, StringConstraints(min_length=1, max_length=300)]
SagaWord = Literal["committed", "compensated", "escalated", "parked"]
StepWord = Literal[
    "pending",
    "skipped",
    "running",
    "applied",
    "refused",
    "uncertain",
    "compensating",
    "compensated",
    "failed_compensation",
    "exhausted",
]


class Create(Model):
    """How a saga is started; the same request id again must give the same saga (O28)."""

    request: Request
    """Templates: `{saga}`, `{request_id}`, `{payload}` and its fields."""
    id: Place
    """Where the saga's id stands in the answer, or a template where the caller chooses it, such as `{request_id}`."""


class Read(Model):
    """How it is read where a saga stands, and what its words mean."""

    request: Request
    """Templates: `{saga}`, `{saga_id}`, `{request_id}`."""
    state: Place
    words: Annotated[dict[SagaWord, Annotated[tuple[str, ...], Field(min_length=1)]], Field(min_length=1)]
    """Its words for the ends and for a saga that was not begun; every other word means that it runs."""
    steps: Place | None = None
    """Where the state of a step stands; null: the record tells nothing of single steps."""
    step_words: dict[StepWord, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default={})
    """Its words for the states of a step; a word that is one of ours means that."""
    outputs: Place | None = None
    """Where the outputs of a step stand, as a mapping."""
    history: Place | None = None
    """Where the states stand that the saga has been in, as a list of words."""
    reason: Place | None = None


class Orchestrator(Model):
    """The adapter of one orchestrator."""

    env: dict[EnvName, EnvText] = Field(default={}, repr=False)
    """Variables of its process beside those of `start`: `{address:NAME}` is where it reaches a service, `{addresses}` all of them
    as a JSON object, `{callback_base}` where the participants reach it."""
    define: Request | None = None
    """Uploads the saga file; templates: `{saga}`, `{definition}` (the file as JSON). Null: it knows the saga by itself."""
    create: Create
    read: Read
    callback_path: UrlPath = "/callbacks/{key}"
    """What the saga file's `{callback_url}` stands for there, after the address; templates: `{key}`, `{saga_id}`, `{step}`."""
    key: Word | None = None
    """How it writes the key of a step, where that is not the form of the saga file."""
    correlation: Correlation | None = None
    """Its headers for saga and step, where they are not those of the saga file."""
    check: Request | None = None
    """Makes its checker look at a saga now; templates: `{saga_id}`. Null: it has none, or it cannot be asked."""
    instances: Annotated[int, Field(ge=1, le=100)] = 1
    """How many processes of it may run on one database."""
