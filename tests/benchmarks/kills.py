"""Measures the verifier on the zoo: which mutants are caught, by what, and how often a right participant is accused.

    PYTHONPATH=tests/support python -m tests.benchmarks.kills [--runs 20] [--out build/zoo] [--style callback]

Each mutant is put through its whole deck, and through all trials of the kind that shows it; each right participant through its
deck, --runs times, and those of the zoo's styles through all trials once. Ends with status 1 when a mutant is missed or
blamed for something else, or a right participant accused. The table is printed, and written as Markdown and SVG.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mutants import STYLES, Mutant, is_played, mutants
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Level
from saga_verifier.verdicts import HistoryResult
from zoo import RIGHT, ZOO, judged, the_step

RIGHTLY, WRONGLY = "#2e7d32", "#c62828"


@dataclass(frozen=True)
class Kill:
    """What was found of a mutant.

    Attributes:
        found: The obligations found broken, each with the shortest history or trial that shows it.
    """

    mutant: Mutant
    found: dict[str, str]

    @property
    def is_right(self) -> bool:
        """Was it caught by the obligation at fault, and is nothing else said but what follows from that?"""
        bad = self.mutant.bad
        return bad.obligation in self.found and set(self.found) <= {bad.obligation, *bad.follow}

    @property
    def text(self) -> str:
        """What was found, in words."""
        return ", ".join(f"{obligation} in {history}" for obligation, history in self.found.items()) or "nothing"


def kill(mutant: Mutant) -> Kill:
    """Put a mutant through everything that may show it."""
    trial = mutant.bad.trial
    results = judged(ZOO / mutant.style, mutant.slice, mutant.fault, tried=lambda one: one.kind == trial)
    found: dict[str, str] = {}
    for result in results:
        for one in result.broken:
            found.setdefault(one.obligation, result.name)
    return Kill(mutant, found)


def accusations(folder: Path, *, trials: bool) -> list[str]:
    """Give what a right participant is accused of."""
    slice_ = the_step(folder)
    asked = slice_.model_copy(update={"level": Level.FAILURES}) if trials else slice_
    results: Iterable[HistoryResult] = judged(folder, asked, tried=lambda _: trials)
    return [f"{one.name}: {one.text}" for one in results if one.verdict == Verdict.BROKEN]


def markdown(kills: Sequence[Kill]) -> str:
    """Give the table of what was measured."""
    rows = [
        f"| {one.mutant.style} | {one.mutant.bad.kind} | {one.mutant.bad.obligation} | {one.text.replace('|', '&#124;')} "
        f"| {'yes' if one.is_right else '**no**'} |"
        for one in kills
    ]
    return "\n".join(["| style | kind | at fault | found | rightly |", "| --- | --- | --- | --- | --- |", *rows]) + "\n"


def svg(kills: Sequence[Kill]) -> str:
    """Draw the table: a row for each kind, a cell for each style."""
    kinds = list({one.mutant.bad.kind: one.mutant.bad for one in kills}.values())
    cells = list(_cells(kills, [one.kind for one in kinds]))
    height = 30 + 22 * len(kinds)
    heads = [f'<text x="{380 + 230 * number}" y="18">{escape(style)}</text>' for number, style in enumerate(STYLES)]
    names = [
        f'<text x="4" y="{45 + 22 * row}">{escape(one.obligation)} {escape(one.kind)}</text>' for row, one in enumerate(kinds)
    ]
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="1080" height="{height}" font-family="sans-serif" font-size="12">'
    return "\n".join([opening, *heads, *names, *cells, "</svg>"]) + "\n"


def _cells(kills: Sequence[Kill], kinds: list[str]) -> Iterator[str]:
    for one in kills:
        x, y = 380 + 230 * list(STYLES).index(one.mutant.style), 30 + 22 * kinds.index(one.mutant.bad.kind)
        colour = RIGHTLY if one.is_right else WRONGLY
        title = f"<title>{escape(one.mutant.fault)}: {escape(one.text)}</title>"
        yield f'<rect x="{x}" y="{y}" width="226" height="20" fill="{colour}">{title}</rect>'
        yield f'<text x="{x + 4}" y="{y + 15}" fill="white">{escape(one.text[:38])}</text>'


def main() -> int:
    """Measure, print and write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--out", type=Path, default=Path("build/zoo"))
    options.add_argument("--style", choices=list(STYLES), action="append")
    asked = options.parse_args()
    began, kills = time.monotonic(), []
    for mutant in mutants():
        if is_played(mutant.bad) and mutant.style in (asked.style or STYLES):
            kills.append(kill(mutant))
            sys.stdout.write(f"{mutant.name}: {'' if kills[-1].is_right else 'WRONGLY '}{kills[-1].text}\n")
    wrong = [f"{name}: {text}" for name, text in _accused(asked.runs)]
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "kills.md").write_text(markdown(kills), encoding="utf-8")
    (asked.out / "kills.svg").write_text(svg(kills), encoding="utf-8")
    caught = sum(one.is_right for one in kills)
    sys.stdout.write(f"{caught} of {len(kills)} mutants caught by the obligation at fault, {time.monotonic() - began:.0f} s\n")
    sys.stdout.write(f"{len(wrong)} wrong accusations in {asked.runs} runs of {len(RIGHT)} right participants\n")
    sys.stdout.writelines(f"  {one}\n" for one in wrong)
    return 0 if caught == len(kills) and not wrong else 1


def _accused(runs: int) -> Iterator[tuple[str, str]]:
    for name, folder in RIGHT.items():
        for run in range(runs):
            yield from ((name, text) for text in accusations(folder, trials=run == 0 and folder.name in STYLES))


if __name__ == "__main__":
    sys.exit(main())
