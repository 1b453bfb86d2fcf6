"""The arrival words of a trace: what came to each participant, letter by letter, and what may have happened so (pure).

Letters are those of `saga_contracts.derive.expectations`: F forward, R a forward call that the precondition refused, C undoing, D
and X the participant's own callback; besides them S for the status call and N for a notification to the owner.
"""

from collections.abc import Iterable, Sequence

from saga_contracts.derive.expectations import CALLBACKS, Letter, Word
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.meanings import RETRYABLE
from saga_e2e.proxy.trace import TracedCall, calls_of

UNREADABLE = "?"
"""The letter of a callback whose body tells no declared outcome."""
_MAYBE_ACCEPTED = frozenset({"in_progress", "done", RETRYABLE, None})


def letters(trace: Iterable[TracedCall]) -> dict[int, str]:
    """Give each call's letter, by the call's place in the trace."""
    found: dict[int, str] = {}
    reached: set[str] = set()
    ordered = sorted(enumerate(trace), key=lambda pair: pair[1].at_ms)
    for index, call in ordered:
        found[index] = _letter(call, first=call.key not in reached)
        if call.arrivals and call.role in (Role.FORWARD, Role.COMPENSATE):
            reached.add(call.key)
    return found


def word(trace: Sequence[TracedCall], step: str) -> tuple[str, ...]:
    """Give the arrival word of one step as it was seen: what came to its participant, and what this one told, in order.

    A callback stands once, however often it was sent.
    """
    return tuple(letter for letter, _ in _events(trace, step))


def readings(trace: Sequence[TracedCall], step: str) -> tuple[tuple[str, ...], ...]:
    """Give the words that what was seen may stand for; it is in order when one of them is in the deck.

    A callback that comes after a compensation may tell what was true before: it was promised when the forward call was accepted.
    So it may stand before the compensation, or be left out where the step was not finished by then.
    """
    events = _events(trace, step)
    undone = next((index for index, (letter, _) in enumerate(events) if letter == Letter.COMPENSATE), len(events))
    before, after = events[:undone], events[undone:]
    if not any(accepted for _, accepted in before):
        return (tuple(letter for letter, _ in events),)
    told = [letter for letter, _ in after if letter in CALLBACKS]
    rest = [letter for letter, _ in after if letter not in CALLBACKS]
    first = [letter for letter, _ in before]
    choices = [[], *([letter] for letter in told)] if told else [[]]
    return tuple((*first, *late, *rest) for late in choices)


def as_word(found: Iterable[str]) -> Word | None:
    """Give the model's word, or None when the letters are not all its own."""
    try:
        return tuple(Letter(letter) for letter in found)
    except ValueError:
        return None


def _events(trace: Sequence[TracedCall], step: str) -> list[tuple[str, bool]]:
    """Give each letter, and whether it is a forward call that may have been accepted."""
    ordered = calls_of(trace, step, Role.FORWARD, Role.COMPENSATE, Role.CALLBACK)
    by_index = letters(ordered)
    found: list[tuple[str, bool]] = []
    for index, call in enumerate(ordered):
        letter = by_index[index]
        if call.role == Role.CALLBACK:
            found += [] if letter in [one for one, _ in found] else [(letter, False)]
        elif call.arrivals:
            accepted = call.role == Role.FORWARD and call.outcome in _MAYBE_ACCEPTED
            again = Letter.FORWARD.value if letter == Letter.REFUSED else letter
            found += [(letter, accepted), *([(again, False)] * (call.arrivals - 1))]
    return found


def _letter(call: TracedCall, *, first: bool) -> str:
    if call.role == Role.FORWARD:
        return Letter.REFUSED if first and call.outcome == "refused" else Letter.FORWARD
    if call.role == Role.CALLBACK:
        return {"done": Letter.DONE.value, "refused": Letter.CALLBACK_REFUSED.value}.get(call.told or "", UNREADABLE)
    return {Role.COMPENSATE: Letter.COMPENSATE.value, Role.STATUS: "S", Role.NOTIFICATION: "N"}.get(call.role, "")
