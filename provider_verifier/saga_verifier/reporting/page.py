"""What a verification found as one HTML page, which needs nothing from outside (pure but for reading its own templates).

Whatever a participant said is escaped, and nothing can run in the page: it has no script, and its policy allows none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from saga_verifier import VERSION
from saga_verifier.outcomes import COULD_NOT_FIND_OUT
from saga_verifier.reporting import drawing
from saga_verifier.reporting.notices import notices
from saga_verifier.reporting.printable import printable
from saga_verifier.reporting.view import Deck, Finding, Provider, findings

_CSS = {"kept": "kept", "waived": "waived", "broken": "broken", "not applicable": "none"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding with its picture; empty where there is none."""

    finding: Finding
    drawing: Markup


def page(providers: Sequence[Provider]) -> str:
    """Give the outcomes as one page."""
    title = f"Verification of {', '.join(one.title for one in providers)}"
    return _render(title=title, providers=providers, table="", text="")


def self_check_page(saga: str, table_svg: str, text: str) -> str:
    """Give a self-check as one page: the kill table of a saga file's known deviations, and what to declare.

    Args:
        saga: The saga's name.
        table_svg: The table as a picture, made by us.
        text: The same in words.
    """
    return _render(title=f"Self-check of {saga}", providers=(), table=_markup(table_svg), text=text)


def _render(**values: object) -> str:
    return printable(_environment().get_template("page.html.j2").render(values)) + "\n"


def _findings(provider: Provider) -> list[_Shown]:
    drawn: dict[tuple[str, str, str], Markup] = {}
    for pact in provider.pacts:
        for deck in pact.decks:
            for one in deck.obligations:
                if one.shortest is not None:
                    name = provider.outcome.provider
                    drawn[pact.title, deck.title, one.name] = _markup(drawing.sequence(one.shortest, name))
    return [_Shown(one, drawn.get((one.about, one.place, one.what), Markup())) for one in findings([provider])]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("saga_verifier.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("saga_verifier.reporting").joinpath("templates", "style.css").read_text(encoding="utf-8")
    environment.globals.update(
        style=_markup(style),
        version=VERSION,
        badge=_badge,
        css=_css,
        findings_of=_findings,
        notices=notices,
        obligations=lambda provider: _markup(drawing.obligations(provider)),
        histories=_histories,
    )
    return environment


def _histories(deck: Deck) -> Markup:
    return _markup(drawing.histories(deck))


def _badge(word: str) -> Markup:
    return Markup('<span class="badge {}">{}</span>').format(_css(word), word)


def _css(word: str) -> str:
    return "open" if word == COULD_NOT_FIND_OUT else _CSS.get(word, "open")


def _markup(made: str) -> Markup:
    """Take over what `drawing` made, in which every text is escaped, or our own style sheet."""
    return Markup(made)  # noqa: S704
