"""What a long command tells on the screen: numbered steps, results, progress; plain where colours are not wanted.

Respects `NO_COLOR` and a standard output that is no terminal.
"""

import os
import sys
import time
from collections.abc import Callable

import click

_MARKS = {"kept": ("✓", "green"), "waived": ("✓", "green"), "yes": ("✓", "green"), "broken": ("✗", "red"), "no": ("✗", "red")}


class Console:
    """Prints steps and results.

    Args:
        quiet: Prints nothing.
        hide: Gives a text without secrets; everything goes through it.
    """

    def __init__(self, *, quiet: bool = False, hide: Callable[[str], str] = str) -> None:
        self._quiet, self._hide = quiet, hide
        self._colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._started = time.monotonic()
        self._number = 0

    def step(self, title: str) -> None:
        """Begin a numbered step."""
        self._number += 1
        self._print("")
        self._print(self._style(f"{self._number}. {title}", bold=True) + self._style(f"  ({self.elapsed_s():.0f} s)", dim=True))

    def line(self, text: str) -> None:
        """Print one indented line."""
        self._print(f"   {text}")

    def result(self, verdict: str, text: str) -> None:
        """Print one indented line with the mark of a verdict; the verdict stands in words too, for those who see no colour."""
        mark, colour = _MARKS.get(verdict, ("?", "yellow"))
        self._print(f"   {self._style(mark, fg=colour)} {text}")

    def elapsed_s(self) -> float:
        """Seconds since the console was made."""
        return time.monotonic() - self._started

    def _print(self, text: str) -> None:
        if not self._quiet:
            click.echo(self._hide(text))
            sys.stdout.flush()

    def _style(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold, dim=dim) if self._colour else text
