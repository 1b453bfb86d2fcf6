"""Pictures of a result: what each step owes and whether it is kept, each history of a deck, and the calls of one history (pure).

SVG as text, with every word in it escaped; nothing from outside.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.verdict import Verdict
from saga_contracts.show.table import Mark, picture
from saga_contracts.show.wording import obligation_words
from saga_verifier.reporting.calls import told
from saga_verifier.reporting.printable import printable
from saga_verifier.reporting.view import Deck, Provider
from saga_verifier.verdicts import HistoryResult

_KINDS = {Verdict.KEPT: "kept", Verdict.BROKEN: "broken", Verdict.WAIVED: "waived"}
_WIDTH, _LINE, _LETTER, _MOST = 900, 26, 7, 36
"""Of the picture of a deck: its width, the height of a line, the width of a letter, and the most letters of a name."""
_SAGA_X, _PARTICIPANT_X, _STEP_Y, _TOP_Y = 60, 560, 46, 58


def obligations(provider: Provider) -> str:
    """Draw the kill table of a provider: a row for each obligation, a column for each step of each consumer."""
    decks = [(pact, deck) for pact in provider.pacts for deck in pact.decks]
    named = sorted({name for _, deck in decks for name in deck.result.obligations}, key=order_of)
    rows = [(printable(obligation_words(name)), [_mark(deck, name) for _, deck in decks]) for name in named]
    columns = [printable(deck.title) for _, deck in decks]
    return picture(f"What {provider.title} owes, step by step", columns, rows) if rows else ""


def histories(deck: Deck) -> str:
    """Draw a deck: each history by its name, the shortest first, coloured by its verdict."""
    listed = deck.result.histories
    longest = min(_MOST, max((len(one.name) for one in listed), default=1))
    cell = max(10, longest) * _LETTER + 30
    per_row = _WIDTH // cell
    width, height = cell * min(per_row, max(1, len(listed))) + 20, -(-len(listed) // per_row) * _LINE + 20
    parts = [_open(f"Histories of {deck.title}", width, height)]
    for number, one in enumerate(listed):
        x, y = 10 + number % per_row * cell, 10 + number // per_row * _LINE
        word = "none" if one.inapplicable else one.verdict.value
        parts.append(
            f'<g class="history {_css(word)}"><title>{_text(f"{one.name}: {word}. {one.text}")}</title>'
            f'<rect x="{x}" y="{y}" width="{cell - 8}" height="{_LINE - 6}" rx="4"/>'
            f'<text x="{x + 8}" y="{y + 14}">{_text(_short(one.name, _MOST))}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])


def sequence(history: HistoryResult, participant: str) -> str:
    """Draw the calls of a history: the saga on the left, the participant on the right, time downwards."""
    calls = list(told(history.calls))
    height = _TOP_Y + _STEP_Y * len(calls) + 20
    parts = [_open(f"The calls of {history.name}", _PARTICIPANT_X + 160, height), *_lifelines(participant, height)]
    for number, call in enumerate(calls):
        parts += _arrows(call, _TOP_Y + _STEP_Y * number)
    return "\n".join([*parts, "</svg>"]) if calls else ""


def _lifelines(participant: str, height: int) -> Iterator[str]:
    for x, name in ((_SAGA_X, "saga"), (_PARTICIPANT_X, participant)):
        yield f'<text class="end" x="{x}" y="22">{_text(_short(name, 22))}</text>'
        yield f'<line class="life" x1="{x}" y1="32" x2="{x}" y2="{height - 10}"/>'


def _arrows(call: Mapping[str, Any], y: int) -> Sequence[str]:
    """Draw a call and its reply; a reading is drawn softer, a call without a reply ends on its way."""
    request, reply = call["request"], call["reply"]
    kind = "call" if call["letter"] in ("F", "R", "C", "M", "A", "D", "X") else "call soft"
    asked = f"{call['letter']}  {request['method']} {_place(request['url'])}"
    came = f"{reply['status'] or 'no answer'}  {call['outcome'] or ''} {reply['error'] or ''}".strip()
    end = _SAGA_X if reply["status"] is not None or reply["body"] is not None else _PARTICIPANT_X - 200
    return [
        f'<line class="{kind}" x1="{_SAGA_X}" y1="{y}" x2="{_PARTICIPANT_X - 6}" y2="{y + 6}"/>',
        f'<path class="tip" d="M{_PARTICIPANT_X} {y + 6} l-8 -4 l0 8 z"/>',
        f'<text x="{_SAGA_X + 12}" y="{y - 3}">{_text(_short(asked, 66))}</text>',
        f'<line class="{kind} back" x1="{_PARTICIPANT_X}" y1="{y + 14}" x2="{end + 6}" y2="{y + 20}"/>',
        f'<path class="tip" d="M{end} {y + 20} l8 -4 l0 8 z"/>',
        f'<text class="came" x="{_PARTICIPANT_X - 12}" y="{y + 32}">{_text(_short(came, 60))}</text>',
    ]


def _place(url: str) -> str:
    """Give an address without the host, which is another one in each run."""
    return f"/{url.split('/', 3)[-1]}" if "://" in url else url


def _mark(deck: Deck, name: str) -> Mark | None:
    verdict = deck.result.obligations.get(name)
    if verdict is None:
        return None
    why = deck.result.judgement.why.get(name, "")
    return Mark(verdict.value, _KINDS.get(verdict, ""), printable(why))


def _css(word: str) -> str:
    return word if word in ("kept", "broken", "waived", "none") else "open"


def _open(title: str, width: int, height: int) -> str:
    label = _text(title).replace('"', "&quot;")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}">'
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _text(text: str) -> str:
    return escape(printable(text))
