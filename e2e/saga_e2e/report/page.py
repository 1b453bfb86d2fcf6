"""Puts the report together as one HTML page (pure but for reading its own templates).

The page needs nothing from outside, can be read without its script, and lets nothing run but the one script that it was built
with: its content security policy names the style sheet and the script by their hashes.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.saga import Saga
from saga_e2e.report import cards, entries, failures, heatmap, texts, verdicts
from saga_e2e.report.data import ReportData, Verdict
from saga_e2e.report.draw import saga as saga_drawing
from saga_e2e.report.draw import trace as trace_drawing
from saga_e2e.report.night import faults, outcomes, timings
from saga_e2e.report.redact import redacted


@dataclass(frozen=True, slots=True)
class Contents:
    """One line of the table of contents."""

    anchor: str
    name: str


CONTENTS = (
    Contents("saga", "The saga"),
    Contents("obligations", "Obligations"),
    Contents("broken", "What did not hold"),
    Contents("gates", "Gates"),
    Contents("faults", "Faults"),
    Contents("scenarios", "Scenarios"),
    Contents("outcomes", "Outcomes"),
    Contents("traffic", "Traffic"),
    Contents("figures", "Figures"),
    Contents("claims", "What was claimed"),
    Contents("appendix", "In full"),
)
_FORBIDDEN = "base-uri 'none'; form-action 'none'"


def render(data: ReportData) -> str:
    """Give the report as one HTML file.

    Args:
        data: What the run found. Secrets that their name or form gives away are hidden in the page.
    """
    safe = redacted(data)
    return _environment().get_template("page.html.j2").render(_values(safe)) + "\n"


def drawable(saga: Saga | None) -> Saga | None:
    """Give the saga if it can be drawn: each name once, and no step after one that does not exist or after itself."""
    if saga is None:
        return None
    names = [step.step for step in saga.steps]
    known = all(before in names for step in saga.steps for before in step.after)
    right = known and len(set(names)) == len(names) and not any(name in saga.ancestors(name) for name in names)
    return saga if right else None


def _values(data: ReportData) -> dict[str, Any]:
    saga = drawable(data.saga)
    decks = entries.decks_of(data)
    scenarios = entries.scenarios_of(data)
    groups = outcomes.group(scenarios)
    style, script = _asset("style.css"), _asset("script.js")
    return {
        "data": data,
        "saga": saga,
        "headline": verdicts.headline(data),
        "cards": cards.of(data, decks),
        "contents": CONTENTS,
        "decks": decks,
        "scenarios": scenarios,
        "saga_drawing": saga_drawing.draw(saga, decks, scenarios) if saga else None,
        "heatmap": heatmap.build(saga, decks),
        "faultmap": faults.build(saga, scenarios),
        "outcomes": groups,
        "alike": {entry.anchor: one.anchor for one in groups for entry in one.entries},
        "timings": timings.of(scenarios),
        "failures": failures.of_decks(saga, decks),
        "broken_pacts": failures.of_pacts(data),
        "style": Markup(style),  # noqa: S704  (our own file)
        "script": Markup(script),  # noqa: S704  (our own file)
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; {_FORBIDDEN}",
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("saga_e2e.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.globals.update(
        Verdict=Verdict,
        SHOWN=verdicts.SHOWN,
        POSITIVE=verdicts.POSITIVE,
        CATALOGUE=CATALOGUE,
        of_answer=verdicts.of_answer,
        of_pact=verdicts.of_pact,
        of_provider=verdicts.of_provider,
        name_of=entries.name_of,
        commands=failures.commands,
        draw_trace=trace_drawing.draw,
        counted=texts.counted,
    )
    environment.filters.update(number=texts.number, duration=texts.duration, short=texts.short, sentence=texts.sentence)
    return environment


@cache
def _asset(name: str) -> str:
    return resources.files("saga_e2e.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _hash(content: str) -> str:
    """Give the hash of an inline element as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
