"""How a pact stands, and how a result ended, in a word with a kind that gives it its colour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """A state for people.

    Attributes:
        kind: `good`, `bad`, `warn`, `wait` or `none`.
        word: What is shown.
        hint: What it means.
    """

    kind: str
    word: str
    hint: str


STATES = {
    "success": State("good", "verified", "The provider keeps this pact."),
    "failed": State("bad", "failed", "The provider does not keep this pact."),
    "failed_pending": State(
        "wait", "failed, pending", "The provider does not keep this pact yet; no build of it breaks for that."
    ),
    "stale": State("warn", "changed", "The pact changed since it was last verified with success."),
    "never": State("none", "not verified", "No result has been published for this pact."),
}

CALLS = {
    "notrun": State("none", "not called yet", "A webhook is there for these two, and no event has called it."),
    "success": State("good", "called", "The last calls of webhooks were answered with success."),
    "retrying": State("warn", "retrying", "The last attempt of a webhook's call failed; another one follows."),
    "failure": State("bad", "failed", "A webhook's call failed, and no attempt follows."),
}
"""How the last calls of webhooks for a pair went, as `acts.standing.status_of_calls` names it."""


def of_result(*, success: bool | None, pending: bool | None = None) -> State:
    """Give the state of a result; None for a pact without one."""
    if success is None:
        return STATES["never"]
    if success:
        return STATES["success"]
    return STATES["failed_pending" if pending else "failed"]
