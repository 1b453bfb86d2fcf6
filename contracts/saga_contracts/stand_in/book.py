"""What a participant remembers: a row for each step key, and the preconditions that were set up (pure)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.wire.unfilling import Bound, agree


@dataclass(slots=True)
class Row:
    """What is known of one step key.

    Attributes:
        identity: What the calls of the step have in common: its key, or the fields of its natural key.
        state: What is durably true.
        effect: How often the effect is there; a participant that keeps its word knows 0 and 1.
        forwarded: Has a forward call come?
        suspended: Has one come after the compensation?
        refused: Was the key ever refused?
        refuses: Is what was accepted going to be refused?
        bound: Values that its calls named.
        learned: Values that only the preconditions named.
        payload: What the first forward call said; None before it.
        tells: The outcome that still has to be told by a callback.
        edition: Of the outputs; the same for ever at a participant that keeps its word.
        touched: When a call last changed or asked something of it.
        released: Has what it keeps been freed, its effect apart?
    """

    step: str
    identity: str
    state: State = State.ABSENT
    effect: float = 0
    forwarded: bool = False
    suspended: bool = False
    refused: bool = False
    refuses: bool = False
    bound: Bound = field(default_factory=dict)
    learned: Bound = field(default_factory=dict)
    payload: Bound | None = None
    tells: Outcome | None = None
    edition: int = 0
    touched: int = 0
    released: bool = False

    @property
    def known(self) -> Bound:
        """All values that are known of it."""
        return {**self.learned, **self.bound}

    def as_json(self) -> dict[str, Any]:
        """Give the row as plain JSON."""
        return asdict(self)

    @classmethod
    def of_json(cls, stored: dict[str, Any]) -> Self:
        """Give a row that was stored."""
        tells = stored["tells"]
        typed = {"state": State(stored["state"]), "tells": None if tells is None else Outcome(tells)}
        return cls(**{**stored, **typed})


@dataclass(frozen=True, slots=True)
class Post:
    """A precondition that was set up.

    Attributes:
        at: When.
        state: Its name.
    """

    at: int
    state: str
    params: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON."""
        return asdict(self)


@dataclass(slots=True)
class Book:
    """All rows and preconditions, and a clock that counts what happened."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    clock: int = 0

    def tick(self) -> int:
        """Give the next moment."""
        self.clock += 1
        return self.clock

    def row(self, step: str, identity: str) -> Row | None:
        """Give what is known of a step key; None when it was never seen."""
        return self.rows.get((step, identity))

    def keep(self, row: Row) -> None:
        """Remember a row."""
        self.rows[row.step, row.identity] = row

    def holds(self, row: Row) -> bool:
        """Is this row remembered, and not made up for a question that found nothing?"""
        return self.rows.get((row.step, row.identity)) is row

    def of(self, step: str) -> Iterator[Row]:
        """Give the rows of a step."""
        return (row for (name, _), row in self.rows.items() if name == step)

    def agreeing(self, step: str, values: Bound) -> list[Row]:
        """Give the rows of a step that agree with some values."""
        return [row for row in self.of(step) if agree(values, row.known)]

    def newest(self, step: str, values: Bound) -> Row | None:
        """Give the row of a step that was touched last among those that agree with some values."""
        return max(self.agreeing(step, values), key=lambda row: row.touched, default=None)
