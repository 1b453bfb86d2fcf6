"""Writes what the gate answers for people: as text, as a table, and as the summary of a GitHub step (pure)."""

import html
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from saga_broker.client.decisions import ChangedSaga, Changes, DeployDecision
from saga_broker.client.records import Record, RunDecision, RunReason, Verdict, verdict_of

_ORDER: tuple[Verdict, ...] = ("no", "unknown", "yes")
_SIGNS = {"yes": "✅", "no": "❌", "unknown": "❔"}
_COLUMNS = ("VERDICT", "ABOUT", "STEP", "PACTICIPANT", "VERSION", "REASON", "UNTIL")
_PACTS = "pacts"


@dataclass(frozen=True, slots=True)
class Line:
    """A reason, and what it is about: a saga, or pacts."""

    about: str
    reason: RunReason


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, ready to be written.

    Attributes:
        verdict: Yes, no or unknown.
        summary: In one sentence.
        lines: Every reason, no before unknown before yes.
        notes: What is said after them; each a sentence, or several lines.
    """

    verdict: Verdict
    summary: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def of_run(decision: RunDecision) -> Told:
    """Tell whether a saga can run."""
    return Told(decision.verdict, decision.summary, _sorted(Line(decision.saga, one) for one in decision.reasons))


def of_deployment(decision: DeployDecision) -> Told:
    """Tell whether versions may be deployed together."""
    lines = [Line(_PACTS, one) for one in decision.pacts.reasons]
    lines += [Line(saga.saga, one) for saga in decision.sagas for one in saga.reasons]
    absent = ", ".join(decision.absent_sagas)
    notes = [f"Not asked, since no version of it is in {decision.environment}: {absent}."] if absent else []
    if decision.together is not None:
        command = f"\n      next: {decision.together.command}" if decision.together.command else ""
        notes.append(f"Smallest set: {decision.together.text}{command}")
    return Told(decision.verdict, decision.summary, _sorted(lines), tuple(notes))


def of_changes(changes: Changes) -> Told:
    """Tell what would become of the sagas in an environment."""
    lines = [Line(one.saga, reason) for one in changes.sagas for reason in one.new]
    return Told(changes.verdict, changes.summary, _sorted(lines), tuple(_changed(one) for one in changes.sagas))


def text(told: Told) -> str:
    """Write an answer as lines."""
    lines = [told.summary]
    for line in told.lines:
        reason = line.reason
        more = (("mend", reason.mend), ("next", reason.command))
        lines += [f"  {reason.verdict}: {reason.text}", *(f"      {name}: {value}" for name, value in more if value)]
    return "\n".join([*lines, *(f"  {note}" for note in told.notes)])


def table(told: Told) -> str:
    """Write an answer as a table, a reason in each row."""
    notes = ["", *told.notes] if told.notes else []
    return "\n".join([told.summary, "", listed(_COLUMNS, map(_cells, told.lines)), *notes])


def markdown(told: Told) -> str:
    """Write an answer as the summary of a GitHub step."""
    titles = " | ".join(one.capitalize() for one in _COLUMNS)
    rows = [f"| {' | '.join(map(_plain, _cells(line)))} |" for line in told.lines]
    head = [f"| {titles} |", f"|{' --- |' * len(_COLUMNS)}"] if rows else []
    mends = [_mended(line.reason) for line in told.lines if line.reason.verdict != "yes"]
    notes = [f"- {_plain(note)}" for note in told.notes]
    parts = [[f"### {_SIGNS[told.verdict]} {_plain(told.summary)}"], [*head, *rows], mends, notes]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def as_json(answer: Record) -> str:
    """Write an answer as JSON."""
    return json.dumps(answer.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)


FORMS: dict[str, Callable[[Told], str]] = {"text": text, "table": table}
"""How an answer is printed, besides as JSON."""


def listed(head: Sequence[str], found: Iterable[Sequence[str]]) -> str:
    """Write a list as a table."""
    every = [tuple(head), *(tuple(row) for row in found)]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every)


def _sorted(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: _ORDER.index(line.reason.verdict)))


def _cells(line: Line) -> tuple[str, ...]:
    one = line.reason
    version = one.version or ""
    return (one.verdict, line.about, one.step or "", one.participant or "", version, one.type, one.until or "")


def _changed(one: ChangedSaga) -> str:
    words = [_word(None if each is None else verdict_of(each.can_run)) for each in (one.before, one.after)]
    gone = "".join(f"\n      no longer: {reason.text}" for reason in one.gone)
    return f"{one.saga}: {one.change} (now {words[0]}, then {words[1]}){gone}"


def _word(verdict: Verdict | None) -> str:
    return verdict or "not there"


def _mended(reason: RunReason) -> str:
    command = f" Next: `{reason.command.replace('`', '')}`" if reason.command else ""
    return f"- **{reason.verdict}**: {_plain(reason.text)} {_plain(reason.mend)}{command}"


def _plain(text_: str) -> str:
    """Write a text so that Markdown and HTML show it as it is, on one line."""
    shown = html.escape(" ".join(text_.split()), quote=False)
    return "".join(f"\\{letter}" if letter in "|*_`[]\\" else letter for letter in shown)
