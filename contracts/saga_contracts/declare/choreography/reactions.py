"""Who reacts to which event and what follows: reactions, time-outs, ends of a run, and its policies (pure)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from saga_contracts.declare.calls import Probe
from saga_contracts.declare.choreography.events import Word
from saga_contracts.declare.kinds import Model, Name, Pacticipant, StepClass
from saga_contracts.declare.steps import Given

_DAYS = 86_400_000
Milliseconds = Annotated[int, Field(ge=1, le=366 * _DAYS)]


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _on(value: Any) -> Any:
    return {"any": [value]} if isinstance(value, str) else value


Names = Annotated[tuple[Name, ...], BeforeValidator(_names, json_schema_input_type=Name | tuple[Name, ...])]
"""One name, or several."""


class On(Model):
    """What a reaction waits for: one event of several (`any`), or every one of them (`all`: a join)."""

    any: Names = ()
    all: Names = ()
    within_ms: Milliseconds | None = None
    """How long a join waits for the rest once the first one came."""
    otherwise: Name | None = None
    """The event that a join publishes when the rest did not come."""

    @property
    def events(self) -> tuple[str, ...]:
        """Every event that is heard."""
        return (*self.any, *self.all)


class Emits(Model):
    """What a reaction publishes, by its outcome; nothing where nothing is said."""

    done: Names = ()
    refused: Names = ()


class Reaction(Model):
    """What a participant does when an event comes."""

    reaction: Name
    participant: Pacticipant
    on: Annotated[On, BeforeValidator(_on, json_schema_input_type=On | Name)]
    """An event's name, `{any: [one, two]}`, or `{all: [one, two], within_ms: 1000, otherwise: event}`."""
    step_class: StepClass | None = Field(default=None, alias="class")
    """As for a step; a reaction that undoes another one needs none."""
    undoes: Name | None = None
    """The reaction whose effect it undoes."""
    given: Given = Given()
    probe: Probe | None = None
    emits: Emits = Emits()
    timeout_ms: Milliseconds | None = None
    """How long it takes at most, from its event to what it publishes."""
    optional: bool = False
    """The run goes on without it: when it is refused, or waits in vain, nothing has failed."""

    @property
    def is_join(self) -> bool:
        """Does it wait for several events?"""
        return bool(self.on.all)

    @property
    def is_compensatable(self) -> bool:
        """Has it an effect that can be undone?"""
        return self.undoes is None and self.step_class == StepClass.COMPENSATABLE


class Setting(Model):
    """How a participant is told another time in a test."""

    variable: Word
    """The environment variable that holds it, in milliseconds."""


class Timer(Model):
    """A time-out that a participant keeps."""

    timer: Name
    participant: Pacticipant
    starts: Name
    """The event that starts the time."""
    ends: Names = ()
    """The events that end it."""
    after_ms: Milliseconds
    emits: Name
    optional: bool = False
    """The run goes on when it is over, as with a reminder: nothing has failed."""
    setting: Setting | None = None


class Shown(Model):
    """By what an end of the saga is seen: events that were published, and reactions whose probes read as applied."""

    events: Names = ()
    """One of them is enough."""
    applied: Names = ()
    """All of them."""


class Ends(Model):
    """How the ends of a run are seen."""

    committed: Shown
    compensated: Shown | None = None


class Poison(Model):
    """What becomes of a message that cannot be processed."""

    dead_letters: Word
    """The channel that it goes to."""
    tells: Pacticipant
    """Who is told."""
    emits: Name | None = None
    """The event that says so, where one does."""
