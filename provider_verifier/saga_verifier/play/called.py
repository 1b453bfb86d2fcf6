"""A made-up saga instance, one call for it as evidence, and who does something beside the calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.wire.requests import StepCall


@dataclass(frozen=True, slots=True)
class Instance:
    """One made-up saga instance as the step sees it."""

    key: str
    call: StepCall

    @property
    def payload(self) -> Mapping[str, Any]:
        """What the instance was started with."""
        return self.call.payload


@dataclass(frozen=True, slots=True)
class Called:
    """One call and what came back, as evidence.

    Attributes:
        letter: What the call was in its history: `F`, `R`, `C`, `M`, `S`, `L` (a look-up), or `probe`.
        outcome: What the reply means; None for a probe.
        names: Names of the declared replies that may be meant; none when it is none of them.
        status: HTTP status; None when there was no answer.
        error: Why there was no answer.
        duration_ms: From the beginning of the call to its end.
        unsent: Was only its look-up made, which found nothing?
    """

    letter: str
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: Any
    outcome: str | None = None
    names: tuple[str, ...] = ()
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    error: str = ""
    duration_ms: float = 0.0
    unsent: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give the call as plain JSON, to be stored with a result."""
        request = {"method": self.method, "url": self.url, "headers": dict(self.request_headers), "body": self.request_body}
        reply = {"status": self.status, "body": self.body, "error": self.error}
        return {
            "letter": self.letter, "outcome": self.outcome, "request": request, "reply": reply,
            "duration_ms": round(self.duration_ms, 1),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aside:
    """Who does something beside the calls of a driver.

    Attributes:
        before: Is told of each call of the step before it is made: for whom, and its letter.
        after: Is told what came back, and gives what counts.
    """

    before: Callable[[Instance, str], None] = lambda _, __: None
    after: Callable[[Called], Called] = lambda called: called
