"""Draws a history that was not kept: the harness, the participant, each call with what should have come and what came (pure)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from markupsafe import Markup

from saga_contracts.declare.saga import Saga
from saga_e2e.report.data import Call, HttpReply, Verdict
from saga_e2e.report.draw import sequence
from saga_e2e.report.draw.sequence import Message
from saga_e2e.report.entries import DeckEntry, HistoryEntry
from saga_e2e.report.expectations import Expected, expected
from saga_e2e.report.texts import short

HARNESS = "harness"
_SHORTEST = 90


def draw(saga: Saga | None, entry: DeckEntry, history: HistoryEntry) -> Markup:
    """Draw one history as a sequence diagram."""
    title = f"History {history.history.word} of {entry.step} at {entry.label}"
    messages = _messages(saga, entry, history)
    return sequence.draw(f"{history.anchor}-drawing", title, (HARNESS, entry.label), messages, gap=390)


def _messages(saga: Saga | None, entry: DeckEntry, history: HistoryEntry) -> Iterator[Message]:
    should = expected(saga, entry.deck, history.history)
    calls = history.history.calls
    for number, (call, wanted) in enumerate(zip(calls, should, strict=True), start=1):
        if wanted.callback_before:
            yield Message(entry.label, HARNESS, "callback", dashed=True)
        bad = _is_bad(call, wanted, failing=history.history.verdict == Verdict.BROKEN, last=number == len(calls))
        yield _message(call, wanted, entry.label, number, css="bad" if bad else "")


def _message(call: Call, wanted: Expected, participant: str, number: int, *, css: str) -> Message:
    remarks = (f"expected: {wanted.words}",) if wanted.words else ()
    came = f"came: {came_of(call)}"
    return Message(
        source=HARNESS,
        target=participant,
        label=f"{call.letter}  {call.request.method} {path_of(call.request.url)}".strip(),
        reply=_reply(call.reply),
        lost="reply" if call.reply.status is None else "",
        css=css,
        at=str(number),
        remarks=(*remarks, f"{came}  ✕" if css else came),
    )


def came_of(call: Call) -> str:
    """Say in a few words what came back."""
    if call.reply.status is None:
        return call.reply.error or "no answer"
    if call.letter == "probe":
        return f"{call.reply.status} {short(call.reply.body, _SHORTEST)}"
    meaning = (call.outcome or "unknown").replace("_", " ")
    return f"{'not a declared reply' if meaning == 'unknown' else meaning} ({call.reply.status})"


def path_of(url: str) -> str:
    """Give what stands behind the address in a URL; the text itself when it is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.path + (f"?{parts.query}" if parts.query else "") if parts.scheme else url


def _reply(reply: HttpReply) -> str:
    return (reply.error or "no answer") if reply.status is None else f"{reply.status} {short(reply.body, _SHORTEST)}".strip()


def _is_bad(call: Call, wanted: Expected, *, failing: bool, last: bool) -> bool:
    """A history stops at the first thing that is not as it must be: its last call, or one with an outcome that was not right."""
    if wanted.outcomes and call.outcome != "retryable" and call.outcome not in wanted.outcomes:
        return True
    return failing and last
