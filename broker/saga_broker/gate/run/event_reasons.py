"""Why versions of a saga cannot live side by side because of their events (E2): every two that are live or in flight. Pure."""

from collections.abc import Iterator, Sequence

from saga_broker.gate.run.model import Case, Reason
from saga_contracts.derive import compatibility
from saga_contracts.derive.compatibility import NO, YES, Compared

NAMED = 3
"""So many findings of one event are told at most."""


def between_versions(cases: Sequence[Case]) -> Iterator[Reason]:
    """Give a reason for each event whose messages one version writes and another cannot read, or nobody knows whether it can."""
    versions = {case.saga_version: case for case in sorted(cases, key=lambda one: one.order) if case.saga_version and case.events}
    named = [(version, case.events) for version, case in versions.items() if version is not None]
    for one in compatibility.compare(named):
        if one.verdict != YES:
            yield _reason(cases[0].saga, one)


def _reason(saga: str, one: Compared) -> Reason:
    told = [f"a message of {one.older}, read by {one.newer}: {_words(each.where, each.what)}" for each in one.backward]
    told += [f"a message of {one.newer}, read by {one.older}: {_words(each.where, each.what)}" for each in one.forward]
    more = f"; and {len(told) - NAMED} more" if len(told) > NAMED else ""
    text = (
        f"Event {one.event} of saga {saga}: versions {one.older} and {one.newer} are there (E2): {'; '.join(told[:NAMED])}{more}."
    )
    mend = "Publish a new event type beside the old one, or wait until the older version is gone and its messages are read."
    kind = "event_incompatible" if one.verdict == NO else "event_compatibility_unknown"
    verdict = "no" if one.verdict == NO else "unknown"
    command = "sagapact contracts compatible OLD.yaml NEW.yaml"
    return Reason(kind, verdict, text, mend, command, obligation="E2", saga_version=one.newer)


def _words(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what
