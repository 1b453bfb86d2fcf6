"""Draws a history of a deck as a sequence of calls: who executes the saga on the left, the participant on the right. Pure.

What must come back is told at each reply, what the status call must say beside it, and at the end what the probe must read.
Colours come from the pages' style sheet by the classes.
"""

from collections.abc import Iterator

from markupsafe import Markup, escape

from saga_contracts.declare.calls import Request
from saga_contracts.declare.steps import Step
from saga_contracts.derive.decks import History, Play
from saga_contracts.derive.expectations import CALLBACKS, Letter
from saga_contracts.show.wording import LETTERS, WORLDS

_LEFT, _RIGHT, _WIDTH, _TOP, _PLAY, _END = 60, 500, 760, 52, 62, 34
_UNDOING = (Letter.COMPENSATE, Letter.ANOTHER_UNDONE)
_MOST, _MOST_NAME, _MOST_NOTE = 62, 30, 36


def sequence(step: Step, history: History, executor: str) -> Markup:
    """Draw a history.

    Args:
        step: The step that it is of.
        history: What arrives, and what must follow.
        executor: Who makes the calls.
    """
    height = _TOP + _PLAY * len(history.plays) + _END + (0 if step.only_reads else 12)
    title = f"The calls of {history.name}"
    parts = [
        Markup('<svg class="seq" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}">').format(
            title, _WIDTH, height, _WIDTH
        ),
        Markup("<title>{}</title>").format(title),
        *_lifeline(_LEFT, executor, height),
        *_lifeline(_RIGHT, step.participant, height),
    ]
    for number, play in enumerate(history.plays):
        parts += _event(step, play, _TOP + _PLAY * number)
    if not step.only_reads:
        read = f"The probe reads: {WORLDS[history.world]} ({history.ends.effect_obligation})"
        parts.append(_note(_RIGHT - 150, height - _END - 4, read))
    return Markup("\n").join([*parts, Markup("</svg>")])


def _lifeline(x: int, name: str, height: int) -> Iterator[Markup]:
    yield _text("seq-name", x, 20, name, _MOST_NAME, "middle" if x == _RIGHT else "start", begin=0 if x == _LEFT else x)
    yield Markup('<line class="seq-life" x1="{0}" y1="30" x2="{0}" y2="{1}"/>').format(x, height - 8)


def _event(step: Step, play: Play, y: int) -> Iterator[Markup]:
    if play.improves:
        yield _text("seq-soft", _RIGHT + 14, y + 2, "now the precondition holds", _MOST_NOTE)
    if play.letter in CALLBACKS:
        yield from _told_later(step, play, y)
    else:
        yield _text("seq-call", _LEFT + 10, y + 8, f"{play.letter}  {_request(step, play.letter)}", _MOST)
        yield from _arrow(_LEFT, _RIGHT, y + 14, "seq-line")
        yield _text("seq-back", _RIGHT - 12, y + 32, _reply(step, play), _MOST, "end")
        yield from _arrow(_RIGHT, _LEFT, y + 38, "seq-line seq-dashed")
    if play.expects.told:
        told = " or ".join(state.value.replace("_", " ") for state in play.expects.told)
        yield _text("seq-soft", _RIGHT + 14, y + 36, f"then its status: {told}", _MOST_NOTE)


def _told_later(step: Step, play: Play, y: int) -> Iterator[Markup]:
    how = "the status call tells" if step.polls else "calls back"
    outcome = "done" if play.letter == Letter.DONE else "refused"
    yield _text("seq-call", _RIGHT - 12, y + 16, f"{play.letter}  {how}: {outcome}", _MOST, "end")
    yield from _arrow(_RIGHT, _LEFT, y + 22, "seq-line")


def _request(step: Step, letter: Letter) -> str:
    request: Request | None = step.forward.request
    if letter in _UNDOING:
        request = None if step.compensate is None else step.compensate.request
    told = "" if request is None else f"{request.method} {request.path}"
    return f"{told}  {_remark(letter)}".strip()


def _remark(letter: Letter) -> str:
    plain = letter in (Letter.FORWARD, Letter.COMPENSATE)
    return "" if plain else f"({LETTERS[letter]})"


def _reply(step: Step, play: Play) -> str:
    names, outcomes = play.expects.replies, play.expects.outcomes
    declared = step.forward.replies if play.letter not in _UNDOING or step.compensate is None else step.compensate.replies
    statuses = dict.fromkeys(str(reply.status) for name in names for reply in declared.named(name))
    told = " or ".join(outcome.value.replace("_", " ") for outcome in outcomes)
    return f"{'/'.join(statuses)}  {told} ({play.expects.obligation})".strip()


def _arrow(start: int, end: int, y: int, css: str) -> Iterator[Markup]:
    way = 1 if end > start else -1
    yield Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(css, start, y, end - 7 * way, y)
    points = f"{end},{y} {end - 8 * way},{y - 4} {end - 8 * way},{y + 4}"
    yield Markup('<polygon class="seq-tip" points="{}"/>').format(points)


def _note(x: int, y: int, text: str) -> Markup:
    width = 7 * len(text) + 20
    left = min(x, _WIDTH - width - 4)
    box = Markup('<rect class="seq-note" x="{}" y="{}" width="{}" height="26" rx="4"/>').format(left, y, width)
    return box + _text("seq-soft", left + 10, y + 17, text, 200)


def _text(css: str, x: int, y: int, text: str, most: int, anchor: str = "start", *, begin: int | None = None) -> Markup:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    full = Markup("<title>{}</title>").format(text) if shown != text else Markup("")
    place = x if begin is None else begin
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}{}</text>').format(
        css, place, y, anchor, full, escape(shown)
    )
