"""Writes into the guide what the known-bad orchestrators show: each fault, the scenario that shows it, and the invariants.

    python tests/support/orchestrator_tables.py

A test compares the page with what the table says.
"""

from pathlib import Path

from orchestrator_mutants import MUTANTS, NOT_YET, Mutant

PAGE = Path(__file__).parents[2] / "e2e" / "MUTANTS.md"
_HEAD = """\
# Known-bad orchestrators

A harness is trusted when it catches orchestrators that are known to be bad, and accuses none that is right. Each fault is planted
at one line of a plain orchestrator (`tests/orchestrators/plain`: two tables, no engine), which knows nothing of the harness; a
right one keeps every scenario of this page.

**{count} faults**, each caught by the invariants that are named here. `make test` plays those marked with `*`,
`make nightly` all.

| the orchestrator … | is caught by | in the scenario | of |
| --- | --- | --- | --- |
"""
_MADE = "<!-- Made by tests/support/orchestrator_tables.py; a test compares it. -->"


def kill_table() -> str:
    """Give the page."""
    rows = "".join(map(_row, MUTANTS))
    left = "".join(f"- {fault}: {why}\n" for fault, why in NOT_YET.items())
    open_ones = f"\n## Planted, and shown by nothing yet\n\n{left}" if NOT_YET else ""
    return f"{_MADE}\n{_HEAD.format(count=len(MUTANTS))}{rows}{open_ones}"


def _row(mutant: Mutant) -> str:
    mark = " *" if mutant.often else ""
    return f"| {mutant.fault}{mark} | {', '.join(sorted(mutant.breaks))} | {mutant.shown.title} | `{mutant.saga}` |\n"


if __name__ == "__main__":
    PAGE.write_text(kill_table(), encoding="utf-8")
