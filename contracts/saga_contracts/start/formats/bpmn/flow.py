"""The order of a process: what is reached when all goes well, what leads to an undoing, what is done only sometimes (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from saga_contracts.start.formats.bpmn.diagram import Diagram, Flow, Node

_CHOICES = ("exclusiveGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway")
_FAILURES = ("errorEventDefinition", "cancelEventDefinition", "terminateEventDefinition", "compensateEventDefinition")


@dataclass(slots=True)
class Order:
    """What follows from the flows.

    Attributes:
        nodes: The ids of the nodes that are reached when all goes well, each after those that lead to it.
        before: By node: the nodes that lead to it, back flows left out.
        back: The flows that lead back, so that something is done again.
    """

    nodes: list[str] = field(default_factory=list)
    before: dict[str, list[str]] = field(default_factory=dict)
    back: list[Flow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways that leave a gateway."""

    gateway: Node
    said: str
    reached: frozenset[str]
    fails: bool
    """Does it lead to an undoing or an error, with none of the steps on it?"""


def order(diagram: Diagram) -> Order:
    """Give the order of a process, from its start events on."""
    found, state = Order(), dict[str, int]()
    targets = {flow.target for flow in diagram.flows}
    starts = [node.id for node in diagram.nodes.values() if _starts(node, targets)]
    for start in starts:
        _walk(diagram, start, found, state)
    found.nodes.reverse()
    return found


def ways(diagram: Diagram, found: Order, steps: Iterable[str]) -> Iterator[Way]:
    """Give the ways of every gateway where one of several is taken."""
    reached, wanted, back = set(found.nodes), set(steps), set(found.back)
    for node in diagram.nodes.values():
        leaving = [one for one in diagram.after(node.id) if one not in back]
        if node.id not in reached or len(leaving) < 2 or not (node.kind in _CHOICES or any(one.said for one in leaving)):  # noqa: PLR2004
            continue
        for flow in leaving:
            on_it = _reachable(diagram, flow.target, back)
            yield Way(node, flow.said or flow.target, frozenset(on_it), fails=not on_it & wanted and _has_failure(diagram, on_it))


def nearest(found: Order, node: str, wanted: set[str]) -> list[str]:
    """Give the wanted nodes that come right before a node, with none of them between."""
    waiting, seen, near = list(found.before.get(node, ())), set[str](), []
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in wanted:
            near.append(current)
        else:
            waiting.extend(found.before.get(current, ()))
    return sorted(near, key=found.nodes.index)


def is_failure(node: Node) -> bool:
    """Does this node say that the saga failed: an error, a cancellation, a compensation that is thrown?"""
    return node.kind in ("endEvent", "intermediateThrowEvent") and any(node.has(one) for one in _FAILURES)


def _starts(node: Node, targets: set[str]) -> bool:
    return node.kind == "startEvent" and node.id not in targets


def _walk(diagram: Diagram, start: str, found: Order, state: dict[str, int]) -> None:
    """Go through the flows in depth, without recursion; what lies behind a thrown compensation belongs to the failure."""
    if start in state:
        return
    state[start] = 1
    stack = [(start, iter(_leaving(diagram, start)))]
    while stack:
        node, flows = stack[-1]
        flow = next(flows, None)
        if flow is None:
            state[node] = 2
            found.nodes.append(node)
            stack.pop()
        elif state.get(flow.target) == 1:
            found.back.append(flow)
        else:
            found.before.setdefault(flow.target, []).append(node)
            if flow.target not in state:
                state[flow.target] = 1
                stack.append((flow.target, iter(_leaving(diagram, flow.target))))


def _leaving(diagram: Diagram, node: str) -> list[Flow]:
    known = diagram.nodes.get(node)
    return [] if known is not None and is_failure(known) else diagram.after(node)


def _reachable(diagram: Diagram, start: str, back: set[Flow]) -> set[str]:
    waiting, seen = [start], set[str]()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting.extend(flow.target for flow in _leaving(diagram, current) if flow not in back)
    return seen


def _has_failure(diagram: Diagram, nodes: set[str]) -> bool:
    return any(node in diagram.nodes and is_failure(diagram.nodes[node]) for node in nodes)
