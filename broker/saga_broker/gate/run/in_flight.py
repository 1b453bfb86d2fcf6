"""Sagas that were begun under a version which is no longer deployed: how long they count, and what is said of it. Pure.

A version that executed a saga is asked about until no saga that it began can be on its way any more: as long as the longest saga
may last, and until the checker has looked at it. What a deployment does not change about them is not held against it: where
versions are named that are to be deployed, only these are judged with it.
"""

import json
import shlex
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from saga_broker.gate.command import command
from saga_broker.gate.run.model import Case, InFlight, Reason
from saga_contracts.derive.lasting import Lasting

TAG = "in-flight"
VERIFY = "sagapact verify "
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))


@dataclass(frozen=True, slots=True)
class Ended:
    """A version that is no longer live.

    Attributes:
        at: When it was taken away; None: it is taken away by the deployment that is asked about.
    """

    version: str
    at: datetime | None


def counts(ended: Ended, lasts: Lasting, now: datetime) -> InFlight | None:
    """Tell until when sagas that an ended version began may be on their way; None when they are over."""
    if ended.at is None:
        return InFlight(None, None, lasts)
    until = ended.at + timedelta(milliseconds=lasts.total_ms)
    return InFlight(ended.at, until, lasts) if until > now else None


def longer(one: InFlight, other: InFlight) -> InFlight:
    """Give the one of two that ends later."""
    if one.until is None or other.until is None:
        return one if one.until is None else other
    return max(one, other, key=lambda each: (each.until, each.since))


def reason(case: Case) -> Reason:
    """Say that sagas in flight are judged, since when, until when and why so long."""
    assert case.in_flight is not None  # noqa: S101  (the caller looked)
    who = f"{case.executes_as} {case.executor_version}"
    since = f"was taken away from {case.environment} at {moment(case.in_flight.since)}" if case.in_flight.since else "is replaced"
    text = f"{who} {since}; sagas {case.saga} that it began may be in flight {_how_long(case.in_flight)}, and are judged as well."
    found = Reason("sagas_in_flight", "yes", f"{text} {why(case.in_flight.lasts)}", until=case.in_flight.until)
    return replace(found, participant=case.executes_as, version=case.executor_version)


def told(case: Case, found: Reason) -> Reason:
    """Say of a reason that it stands because of sagas in flight, and for how long; and how their pact can be verified still."""
    if case.in_flight is None:
        return found
    text = f"{found.text} It counts for sagas that {case.executes_as} {case.executor_version} began."
    if found.verdict == "yes":
        return replace(found, text=text, until=case.in_flight.until)
    until = case.in_flight.until
    wait = f"wait until {moment(until)}" if until else f"wait {span(case.in_flight.lasts.total_ms)} after the version is replaced"
    mend = f"{found.mend} Or {wait}: then no such saga is in flight."
    return replace(found, text=text, mend=mend, command=_command(case, found.command), until=until)


def _command(case: Case, told: str) -> str:
    """Let a verification find the pact of a version that is not deployed any more: by a tag."""
    if not told.startswith(VERIFY):
        return told
    tag = command("create-version-tag", case.executes_as, "--version", str(case.executor_version), "--tag", TAG)
    selectors = json.dumps([{"consumer": case.executes_as, "tag": TAG}])
    return f"{tag} && {told} --selectors {shlex.quote(selectors)}"


def why(lasts: Lasting) -> str:
    """Say from what it follows how long a saga may last."""
    check = "as declared" if lasts.is_check_declared else "not declared (policies.check_after_ms), so half a day"
    return (
        f"(By tries, time-outs and pauses of the saga file: {span(lasts.forward_ms)} to its last step, {span(lasts.undo_ms)} to "
        f"undo, {span(lasts.check_ms)} to the checker's look, {check}.)"
    )


def moment(at: datetime | None) -> str:
    """Write a moment for people, in UTC."""
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")


def span(total_ms: int) -> str:
    """Write a length of time in its two largest units.

    >>> span(43_290_000), span(0)
    ('12 h 1 min', '0 s')
    """
    parts = []
    for size, unit in _UNITS:
        count, total_ms = divmod(total_ms, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _how_long(flight: InFlight) -> str:
    return f"until {moment(flight.until)}" if flight.until else f"for {span(flight.lasts.total_ms)} after that"
