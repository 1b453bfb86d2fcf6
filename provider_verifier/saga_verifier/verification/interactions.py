"""From what a replay found to the outcomes of a pact's interactions, those of sagas looked at a second time."""

from collections.abc import Callable, Iterator

from saga_contracts.declare.verdict import Verdict
from saga_verifier import replay
from saga_verifier.replay import InteractionResult, ReplayResult
from saga_verifier.verdicts import InteractionOutcome
from saga_verifier.verification.target import Drivers

SecondLook = Callable[[str, tuple[str, ...]], tuple[Verdict, str | None, str]]
"""Looks again at a saga's interaction that is not as the pact says, by its key and the lines of what was found; gives the
verdict, the obligation at fault if one is, and what is to be said."""


def as_found(drivers: Drivers) -> SecondLook:  # noqa: ARG001  (a second look calls by them)
    """Give the look that changes nothing: what is not as the pact says is broken."""
    return lambda _key, _lines: (Verdict.BROKEN, None, "")


def outcomes(result: ReplayResult, drivers: Drivers, look: SecondLook) -> tuple[InteractionOutcome, ...]:
    """Give the outcomes of all interactions."""
    return tuple(_outcome(one, drivers, look) for one in result.interactions)


def warnings(result: ReplayResult) -> Iterator[str]:
    """Say which provider states nobody was asked for."""
    for one in result.interactions:
        if one.states_not_set_up:
            names = ", ".join(repr(name) for name in one.states_not_set_up)
            yield (
                f"warning: {one.name}: the provider state {names} was not set up, since the provider file names no address for "
                "states. Add `states: {path: …}` to it if the provider needs them"
            )


def not_judged(result: ReplayResult) -> Iterator[str]:
    """Say about which interactions nothing is known."""
    names = [one.name for one in result.interactions if one.cause in replay.NOT_FOUND_OUT]
    if names:
        yield f"{len(names)} of {len(result.interactions)} interactions could not be judged: {', '.join(names)}"


def _outcome(one: InteractionResult, drivers: Drivers, look: SecondLook) -> InteractionOutcome:
    verdict, lines = one.verdict, one.lines
    if verdict == Verdict.BROKEN and one.key is not None and "/".join(one.key.split("/")[:2]) in drivers:
        verdict, obligation, text = look(one.key, one.lines)
        lines += (f"{obligation}: {text}" if obligation else text,) if text else ()
    return InteractionOutcome(one.name, one.description, verdict, lines, one.interaction_id)
