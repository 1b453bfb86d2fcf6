"""Draws the trace of an end-to-end scenario: owner, saga service and participants as lifelines (pure)."""

from collections.abc import Iterator

from markupsafe import Markup

from saga_contracts.declare.saga import Saga
from saga_e2e.report import texts
from saga_e2e.report.data import HttpRequest, ScenarioResult, TraceEntry
from saga_e2e.report.draw import sequence
from saga_e2e.report.draw.history import path_of
from saga_e2e.report.draw.sequence import Message
from saga_e2e.report.entries import ScenarioEntry
from saga_e2e.report.night import marks

_LOSSES = (
    "lost",
    "unavailable",
    "unanswered",
    "cut",
    "dropped",
    "never",
    "no answer",
    "timeout",
    "time-out",
    "timed out",
    "refused connection",
)
_QUIET = ("", "delivered", "ok", "none", "normal", "answered", "passed")
_ERROR = 500
MARKED = 120
"""So much of a broken invariant's text stands at its mark."""


def draw(saga: Saga | None, entry: ScenarioEntry, anchor: str = "") -> Markup:
    """Draw the trace of one scenario as a sequence diagram, with the first broken invariant marked.

    Args:
        saga: The saga, by which the lifelines are ordered.
        entry: The scenario.
        anchor: The start of the ids in the drawing; default: the scenario's own.
    """
    lifelines = _lifelines(saga, entry.scenario)
    title = f"What happened in {entry.scenario.title or entry.scenario.name}"
    return sequence.draw(f"{anchor or entry.anchor}-drawing", title, lifelines, _messages(entry.scenario), gap=156, beside=230)


def lost_part(fate: str | None) -> str:
    """Tell which part of a call got lost, from the words of its fate: `request`, `reply`, or empty."""
    words = _words(fate)
    if not any(one in words for one in _LOSSES):
        return ""
    return "reply" if any(one in words for one in ("reply", "response", "answer", "after")) else "request"


def _words(fate: str | None) -> str:
    return (fate or "").replace("_", " ").lower()


def _lifelines(saga: Saga | None, scenario: ScenarioResult) -> tuple[str, ...]:
    """Give who took part: the owner, the saga service, then the participants in the order of the saga."""
    seen = list(dict.fromkeys(name for one in scenario.trace for name in (one.source, one.target) if name))
    if saga is None:
        return tuple(seen)
    services = [one for one in (saga.owner, saga.orchestrator, saga.consumer) if one]
    known = list(dict.fromkeys([*services, *(step.participant for step in saga.steps)]))
    return tuple([one for one in known if one in seen] + [one for one in seen if one not in known])


def _messages(scenario: ScenarioResult) -> Iterator[Message]:
    mark = marks.first_broken(scenario)
    for index, one in enumerate(scenario.trace):
        fate = _words(one.fate)
        lost = lost_part(one.fate)
        remark = "" if fate in _QUIET else fate
        label, request = _label(one), _request(one)
        yield Message(
            source=one.source,
            target=one.target,
            label=label,
            reply=_reply(one, lost),
            lost=lost,
            css=_css(one, remark),
            at="" if one.at_ms is None else f"{one.at_ms:.0f} ms",
            remarks=tuple(filter(None, (request if request != label else "", remark))),
            dashed=one.role == "callback",
        )
        if mark is not None and mark.index == index:
            yield Message(one.source, "", f"✗ {mark.id}: {texts.short(mark.text, MARKED)}", css="bad")


def _label(one: TraceEntry) -> str:
    return " ".join(filter(None, (one.letter, one.step))) or _request(one)


def _request(one: TraceEntry) -> str:
    return f"{one.request.method} {path_of(one.request.url)}" if isinstance(one.request, HttpRequest) else (one.request or "")


def _reply(one: TraceEntry, lost: str) -> str | None:
    if lost == "request":
        return None
    if one.status is None:
        return "no answer" if lost == "reply" else None
    return str(one.status)


def _css(one: TraceEntry, remark: str) -> str:
    return "odd" if remark or (one.status is not None and one.status >= _ERROR) else ""
