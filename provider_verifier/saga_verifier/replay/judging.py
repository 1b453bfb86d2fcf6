"""From what Pact's verifier said of one interaction, and what the relay saw, to a verdict (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare.verdict import Verdict
from saga_verifier.replay import mismatches
from saga_verifier.replay.pact import Interaction
from saga_verifier.replay.relay import Traffic
from saga_verifier.replay.results import NOT_FOUND_OUT, Cause, InteractionResult

_UNPROVEN = NOT_FOUND_OUT | {Cause.NO_VALUES}


def judged(one: Interaction, fact: Mapping[str, Any], traffic: Traffic, request_timeout_s: float) -> InteractionResult:
    """Give the result of an interaction that was replayed.

    Args:
        one: The interaction.
        fact: What the child wrote about it.
        traffic: What the relay saw.
        request_timeout_s: How long one call could take.
    """
    cause, lines = _cause(one, fact, traffic, request_timeout_s)
    return _result(one, cause, lines, tuple(traffic.not_set_up), fact["duration_ms"])


def not_served(one: Interaction) -> InteractionResult:
    """Give the result of a message that cannot be asked for."""
    said = (
        "it is a message, and it was not verified: the provider file does not say where the provider gives its messages. "
        "Add `messages: {path: …}`, an address that takes POST {description, providerStates} and answers with the message"
    )
    return _result(one, Cause.NOT_SERVED, [said])


def _result(
    one: Interaction, cause: Cause | None, lines: list[str], not_set_up: tuple[str, ...] = (), duration_ms: float = 0.0
) -> InteractionResult:
    return InteractionResult(
        one.number, one.name, one.key, one.description, one.interaction_id, _verdict(one, cause), cause, tuple(lines), not_set_up,
        duration_ms,
    )  # fmt: skip


def _verdict(one: Interaction, cause: Cause | None) -> Verdict:
    if cause is None:
        return Verdict.KEPT
    if cause in _UNPROVEN:
        return Verdict.UNPROVEN
    return Verdict.PENDING if one.is_pending else Verdict.BROKEN


def _cause(
    one: Interaction, fact: Mapping[str, Any], traffic: Traffic, request_timeout_s: float
) -> tuple[Cause | None, list[str]]:
    """Give why it is not kept, and its lines; what the relay saw comes before what Pact's verifier made of it."""
    if traffic.state_troubles or traffic.under_way is not None:
        late = f"the state {traffic.under_way!r} was not set up within {request_timeout_s:g} s"
        return Cause.STATE, traffic.state_troubles or [late]
    if traffic.message_trouble is not None:
        return Cause.MESSAGE, [traffic.message_trouble]
    found = fact["results"]
    if len(found) != 1 or found[0].get("result") not in ("OK", "Error"):
        return Cause.NOT_JUDGED, [_no_result(fact)]
    return _kept(one, traffic) if found[0]["result"] == "OK" else _not_kept(found[0], fact, request_timeout_s)


def _no_result(fact: Mapping[str, Any]) -> str:
    said = "; ".join(line for error in fact["errors"] for line in mismatches.lines(error.get("mismatch")))
    return f"Pact's verifier gave no result: {said or fact['trouble'] or 'nothing said'}. Mend the interaction in the pact"


def _not_kept(found: Mapping[str, Any], fact: Mapping[str, Any], request_timeout_s: float) -> tuple[Cause, list[str]]:
    mismatch = found.get("mismatch") or {}
    if mismatch.get("type") == "error":
        return Cause.NO_ANSWER, list(_without_answer(mismatch, fact, request_timeout_s))
    return Cause.MISMATCH, list(mismatches.lines(mismatch))


def _kept(one: Interaction, traffic: Traffic) -> tuple[Cause | None, list[str]]:
    missing = sorted(one.names - traffic.values)
    if not missing:
        return None, []
    said = (
        f"the contract's example was sent, since no provider state gave {', '.join(missing)}: that shows nothing about other "
        "values. Let the state's handler answer with them"
    )
    return Cause.NO_VALUES, [said]


def _without_answer(mismatch: Mapping[str, Any], fact: Mapping[str, Any], request_timeout_s: float) -> Iterator[str]:
    late = fact["duration_ms"] >= request_timeout_s * 1000
    when = f"within {request_timeout_s:g} s" if late else "(it closed the connection, sent no HTTP, or does not listen)"
    yield f"the provider did not answer {when}: {' '.join(mismatches.lines(mismatch))}"
