"""Tells of the events of a saga: as text for people, and as JSON (pure)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from saga_contracts.derive.compatibility import YES, Compared, Finding
from saga_contracts.derive.event_graph import EventGraph
from saga_contracts.derive.event_report import LongestPath, Report

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def text(graph: EventGraph, found: Report) -> str:
    """Tell who hears what, and what the graph shows."""
    saga = graph.saga
    lines = [f"Saga {saga.saga}: {len(saga.events)} events, {len(saga.reactions)} reactions, {len(saga.timers)} time-outs."]
    for name, event in saga.events.items():
        ends = "nobody; an end of the saga is seen by it" if name in _ends(graph) else "nobody"
        heard = ", ".join(graph.hearing.get(name, ())) or ends
        lines.append(f"  {name} ({event.publisher}, {event.channel.name}): heard by {heard}")
    lines += [f"Most hops: {_path(found.by_hops)}", f"Longest time: {_path(found.by_time)}"]
    lines += [
        "Hidden orchestrators, which keep state while they wait:" if found.waiting else "Nobody keeps state while it waits."
    ]
    lines += [f"  {one.participant}: {', '.join(one.why)}" for one in found.waiting]
    lines += ["Nobody sees these failing:", *(f"  {one}" for one in found.unseen)] if found.unseen else ["Every failure is seen."]
    return "\n".join(lines)


def as_json(graph: EventGraph, found: Report) -> dict[str, Any]:
    """Give the same as JSON."""
    events = {
        name: {
            "publisher": event.publisher,
            "channel": event.channel.name,
            "version": event.version,
            "publishedBy": [move.by for move in graph.publishing.get(name, ())],
            "heardBy": list(graph.hearing.get(name, ())),
        }
        for name, event in graph.saga.events.items()
    }
    paths = {"mostHops": asdict(found.by_hops), "longestTime": asdict(found.by_time)}
    return {
        "saga": graph.saga.saga,
        "events": events,
        **paths,
        "waiting": [asdict(one) for one in found.waiting],
        "unseen": list(found.unseen),
    }


def compared_text(versions: int, found: Sequence[Compared]) -> str:
    """Tell which versions of which events cannot read one another."""
    events = len({one.event for one in found})
    against = [one for one in found if one.verdict != YES]
    if not against:
        return f"{events} events in {versions} versions: every one can be read by the other (E2)."
    lines = [f"{events} events in {versions} versions, of which {len(against)} pairs cannot all be read (E2):"]
    for one in against:
        lines += [f"{one.event}: {one.older} and {one.newer}: {one.verdict}"]
        lines += [f"  {each.verdict}: a new reader, an old message: {_found(each)}" for each in one.backward]
        lines += [f"  {each.verdict}: an old reader, a new message: {_found(each)}" for each in one.forward]
    mend = "Publish a new event type beside the old one until nobody hears that, or make the change one that both can read."
    return "\n".join([*lines, f"mend: {mend}"])


def compared_json(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """Give the same as JSON."""
    return [asdict(one) | {"verdict": one.verdict} for one in found]


def _found(one: Finding) -> str:
    return f"{one.where}: {one.what}" if one.where else one.what


def _ends(graph: EventGraph) -> set[str]:
    ends = graph.saga.ends
    shown = () if ends is None else (ends.committed, ends.compensated)
    return {name for one in shown if one is not None for name in one.events}


def _path(path: LongestPath) -> str:
    unknown = f", and of {', '.join(path.undeclared)} nobody says how long it takes" if path.undeclared else ""
    return f"{path.hops} messages, {_span(path.ms)} at most{unknown}: {' → '.join(path.events)}"


def _span(total_ms: int) -> str:
    parts = []
    for size, unit in _UNITS:
        count, total_ms = divmod(total_ms, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"{total_ms} ms"
