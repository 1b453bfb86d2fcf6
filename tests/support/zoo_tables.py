"""Writes what the zoo shows into the guide: the mutants and what catches each, and all obligations and how each is decided.

    python tests/support/zoo_tables.py

Both pages are made from code: the catalogue of obligations, what histories and trials check at the zoo's steps, the table of
mutants. A test compares them with what stands there, so neither a mutant nor an obligation is ever without its row.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mutants import BAD, STYLES, Mutant, checked_by_trials, is_played, mutants
from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.derive import adoption, decks
from saga_contracts.derive.adoption import Evidence
from saga_contracts.derive.trials import Kind
from saga_contracts.stand_in import deviations
from zoo import ZOO, the_step

GUIDE = Path(__file__).parents[2] / "provider_verifier"
MUTANTS, OBLIGATIONS = GUIDE / "MUTANTS.md", GUIDE / "OBLIGATIONS.md"
_MADE = "<!-- Made by tests/support/zoo_tables.py; a test compares it. -->"
NOT_HERE = {
    "O20": "of the saga service, which is the provider of a callback's reply: whole sagas, faults F9 (`saga_e2e`)",
    "O25": "static: `sagapact contracts lint` reads it off the saga file; contract cases hold its replies",
    "O26": "of the saga service: whole sagas, faults F14 and F15 (`saga_e2e`)",
    "O27": "of the owner, who takes the notification: its contract case, and whole sagas, fault F4 (`saga_e2e`)",
    "O28": "of the saga service, which creates the saga: its contract case, and whole sagas, fault F8 (`saga_e2e`)",
    "O29": "of the health checker of the saga service: whole sagas, fault F12 (`saga_e2e`)",
}
"""Obligations that no participant alone can show, and where they belong."""
_EVIDENCE = {Evidence.REPLY: "replies", Evidence.STATUS: "status", Evidence.EFFECT: "effect"}


_OF_MUTANTS = """\
# The zoo of known-bad participants

A verifier is trusted when it catches participants that are known to be bad, and accuses none that is right. Each kind of fault
is planted, one line at a time, in up to three participants that were written apart:

{styles}

**{count} mutants of {kinds} kinds**, each caught by the obligation at fault, in the history or trial that is named here.
`make test` plays that one at each of them. `make nightly` plays their whole decks, and the right participants twenty times, and
writes what it measured into `build/zoo`.
"""
_OF_OBLIGATIONS = """\
# How each obligation is decided

Every obligation of an orchestrated saga, what decides it at a participant that runs alone, the module that does so, and the
known-bad participants by which it is shown: those of the [zoo](MUTANTS.md), and the deviations, named `so`, that
`sagapact verify --self-check` plants into a stub.

| obligation | decided by | where | known-bad participants that show it |
| --- | --- | --- | --- |
"""
_OF_CONSERVED = """
**Conserved quantities.** What a saga file declares as `conserved` is no promise of one participant, and is not played at one:
the sum goes over reads that may be at several participants, and what stands at one of them may rightly differ while a saga is
under way. It is in no step's slice, so that no pact carries it. A participant's own share of it is decided by its probe: O6 and
O7 with one saga, O24 with two. The sum belongs to whole sagas (I3).
"""
_NONE = "-"


def kill_table() -> str:
    """Give the page of the mutants."""
    everyone = list(mutants())
    played = [one for one in everyone if is_played(one.bad)]
    head = _OF_MUTANTS.format(
        styles="\n".join(f"- `{name}`: {text}" for name, text in STYLES.items()),
        count=len(played),
        kinds=len({one.bad.kind for one in played}),
    )
    names = " | ".join(f"`{style}`" for style in STYLES)
    rows = [
        _row(bad.kind, [one for one in everyone if one.bad is bad])
        for bad in sorted(BAD, key=lambda one: order_of(one.obligation))
    ]
    columns = [f"| kind | at fault | shown by | {names} |", f"| --- | --- | --- |{' --- |' * len(STYLES)}"]
    return "\n".join([_MADE, head, *columns, *rows]) + "\n"


def _row(kind: str, own: list[Mutant]) -> str:
    bad = own[0].bad
    by_style = {one.style: f"`{one.fault}`: `{_escaped(one.shown)}`" if is_played(bad) else "not played yet" for one in own}
    how = bad.trial.value if bad.trial else "history"
    return f"| {kind} | {bad.obligation} | {how} | {' | '.join(by_style.get(style, _NONE) for style in STYLES)} |"


def _escaped(name: str) -> str:
    return name.replace("|", "\\|")


def obligation_table() -> str:
    """Give the page of the obligations: how each is decided, where that is shown, and which mutant shows it."""
    rows = [f"| {one} {CATALOGUE[one].name} | {' | '.join(_decided(one))} |" for one in CATALOGUE if one.startswith("O")]
    return f"{_MADE}\n{_OF_OBLIGATIONS}" + "\n".join(rows) + f"\n{_OF_CONSERVED}"


def _room(kind: Kind, obligation: str) -> str:
    """Give the module that plays the trials of a kind for an obligation."""
    if kind == Kind.TWO_SAGAS:
        return "meeting.two_sagas"
    return {"O17": "inside.restored", "O30": "inside.clock"}.get(obligation, kind.name.lower())


def _decided(obligation: str) -> tuple[str, str, str]:
    if obligation in NOT_HERE:
        return "not decidable at a participant alone", NOT_HERE[obligation], _NONE
    how = [*_by_histories(obligation), *(f"trials: {kind.value}" for kind in kinds_that_check(obligation))]
    where = [
        *(["`saga_verifier.play`"] if obligation in _of_decks() else []),
        *(f"`saga_verifier.trials.{_room(kind, obligation)}`" for kind in kinds_that_check(obligation)),
    ]
    shown = [bad.kind for bad in BAD if bad.obligation == obligation and is_played(bad)]
    planted = [f"`{one.kind}`" for one in deviations.CATALOGUE if one.obligation == obligation]
    return "; ".join(how) or "**nothing yet**", ", ".join(where) or _NONE, "; ".join([*shown, *planted]) or "**none**"


def _by_histories(obligation: str) -> Iterator[str]:
    if obligation in _of_decks():
        kinds = adoption.SHOWN_BY.get(obligation, frozenset())
        evidence = [text for kind, text in _EVIDENCE.items() if kind in kinds]
        yield f"histories: {', '.join(evidence)}" if evidence else "histories"


def kinds_that_check(obligation: str) -> list[Kind]:
    """Give the kinds of trials that check an obligation at a step of the zoo."""
    return [kind for kind in Kind if any((kind, obligation) in checked_by_trials(style) for style in STYLES)]


@cache
def _of_decks() -> set[str]:
    found = {one for style in STYLES for history in decks.derive(the_step(ZOO / style)).histories for one in history.obligations}
    return found | {"O24"}  # of two elements of a list


if __name__ == "__main__":
    MUTANTS.write_text(kill_table(), encoding="utf-8")
    OBLIGATIONS.write_text(obligation_table(), encoding="utf-8")
