"""What stands in a BPMN file: nodes, flows, boundary events, associations, who takes part (pure, no judgement).

A sub-process is opened up: what leads to it leads to its first nodes, and its last ones lead to `ID/end`, from where it goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element  # a type only; defusedxml reads

from saga_contracts.errors import UsageError

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
MOST_NODES = 2000
"""A process of more nodes is no saga; its ways would take too long to be looked at."""
SUBPROCESSES = ("subProcess", "transaction", "adHocSubProcess")
_NODES = ("Event", "Task", "task", "Gateway", "callActivity", *SUBPROCESSES)


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its id, its kind such as `serviceTask`, its name or id, and its element."""

    id: str
    kind: str
    name: str
    element: Element

    @property
    def called(self) -> str:
        """What to call it in a question."""
        return f"'{self.name}' ({self.kind})"

    def has(self, part: str) -> bool:
        """Has it a part of this name, such as `errorEventDefinition`?"""
        return any(local(child) == part for child in self.element)

    def is_true(self, name: str) -> bool:
        """Is this attribute set to true?"""
        return self.element.get(name) == "true"


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow: from where to where, and its name or condition in words."""

    source: str
    target: str
    said: str


@dataclass(slots=True)
class Diagram:
    """One process.

    Attributes:
        name: Its name or id.
        nodes: All nodes by id, in their order, those of sub-processes included.
        flows: The sequence flows, sub-processes opened up.
        boundary: By the id of an activity: the events at its boundary.
        handlers: By the id of a compensation event: the id of the activity that undoes.
        lanes: By the id of a node: the lane that it stands in.
        receivers: By the id of a node: the pool that it sends a message to.
        event_subprocesses: Those that an event starts.
    """

    id: str
    name: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    boundary: dict[str, list[Node]] = field(default_factory=dict)
    handlers: dict[str, str] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    receivers: dict[str, str] = field(default_factory=dict)
    event_subprocesses: list[Node] = field(default_factory=list)

    def after(self, node: str) -> list[Flow]:
        """Give the flows that leave a node."""
        return [flow for flow in self.flows if flow.source == node]


def local(element: Element) -> str:
    """Give an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def name_of(element: Element) -> str:
    """Give an element's name, or its id."""
    return " ".join((element.get("name") or element.get("id") or local(element)).split())


def diagrams(root: Element, source: str) -> list[Diagram]:
    """Give every process of a file.

    Raises:
        UsageError: when it is no BPMN 2.0 file.
    """
    if root.tag != f"{{{MODEL}}}definitions":
        raise UsageError(f"{source} is no BPMN 2.0 file: it begins with <{local(root)[:60]}>. Export the process as BPMN 2.0.")
    pools = {one.get("id", ""): name_of(one) for one in root.iter(f"{{{MODEL}}}participant")}
    owners = {one.get("processRef", ""): name_of(one) for one in root.iter(f"{{{MODEL}}}participant")}
    sent = {one.get("sourceRef", ""): pools.get(one.get("targetRef", ""), "") for one in root.iter(f"{{{MODEL}}}messageFlow")}
    found = []
    for process in root.findall(f"{{{MODEL}}}process"):
        own = process.get("id", "")
        diagram = Diagram(own, process.get("name") or owners.get(own) or own)
        diagram.receivers = {source: pool for source, pool in sent.items() if pool}
        _open_up(process, diagram)
        _associations(root, diagram)
        if len(diagram.nodes) > MOST_NODES or len(diagram.flows) > 2 * MOST_NODES:
            raise UsageError(f"The process {own[:60]} of {source} has more than {MOST_NODES} nodes. Take the saga out of it.")
        found.append(diagram)
    return found


def _open_up(scope: Element, diagram: Diagram) -> None:
    """Take the nodes and flows of a process or sub-process, with those of the sub-processes in it."""
    inside = list(_nodes(scope))
    for node in inside:
        diagram.nodes[node.id] = node
        if node.kind == "boundaryEvent":
            diagram.boundary.setdefault(node.element.get("attachedToRef", ""), []).append(node)
        if node.kind in SUBPROCESSES:
            if node.is_true("triggeredByEvent"):
                diagram.event_subprocesses.append(node)
            else:
                _open_up(node.element, diagram)
    opened = {node.id for node in inside if node.kind in SUBPROCESSES}
    own = [
        Flow(f"{source}/end" if source in opened else source, one.get("targetRef", ""), _said(one))
        for one in scope
        if local(one) == "sequenceFlow" and (source := one.get("sourceRef", ""))
    ]
    diagram.flows += own
    if local(scope) in SUBPROCESSES:
        diagram.flows += _around(scope.get("id", ""), inside, own)
    for lane in scope.iter(f"{{{MODEL}}}lane") if local(scope) == "process" else ():
        for reference in lane.findall(f"{{{MODEL}}}flowNodeRef"):
            diagram.lanes[(reference.text or "").strip()] = name_of(lane)


def _around(scope: str, inside: list[Node], flows: list[Flow]) -> Iterator[Flow]:
    """Lead into a sub-process and out of it."""
    targets, sources = {flow.target for flow in flows}, {flow.source.removesuffix("/end") for flow in flows}
    for node in inside:
        beside = node.kind == "boundaryEvent" or node.is_true("isForCompensation") or node.is_true("triggeredByEvent")
        if beside:
            continue
        if node.id not in targets:
            yield Flow(scope, node.id, "")
        if node.id not in sources and not any(node.has(f"{kind}EventDefinition") for kind in ("error", "cancel", "terminate")):
            yield Flow(f"{node.id}/end" if node.kind in SUBPROCESSES else node.id, f"{scope}/end", "")


def _nodes(scope: Element) -> Iterator[Node]:
    for one in scope:
        kind = local(one)
        if kind.endswith(_NODES) and one.get("id"):
            yield Node(one.get("id", ""), kind, name_of(one), one)


def _said(flow: Element) -> str:
    condition = next((one.text or "" for one in flow if local(one) == "conditionExpression"), "")
    return " ".join(f"{flow.get('name') or ''} {condition}".split())


def _associations(root: Element, diagram: Diagram) -> None:
    """Find which activity undoes: it is associated with a compensation event, in either direction."""
    for one in root.iter(f"{{{MODEL}}}association"):
        source, target = one.get("sourceRef", ""), one.get("targetRef", "")
        for event, handler in ((source, target), (target, source)):
            is_event = event in diagram.nodes and diagram.nodes[event].has("compensateEventDefinition")
            if is_event and handler in diagram.nodes:
                diagram.handlers[event] = handler
