"""Reads the steps of a saga off from a BPMN process: its service tasks in their order, and what undoes each of them.

A process tells order, names and compensation; of the calls it tells at most where a connector sends them. So each step is left
with its questions, and so is whatever the process does besides: other tasks, conditions, loops, timers, messages.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from saga_contracts.errors import UsageError
from saga_contracts.start.formats.bpmn import flow
from saga_contracts.start.formats.bpmn.diagram import Diagram, Node, local
from saga_contracts.start.told import Call, Step, Told, literal, plain_name, step_name

_STEPS = ("serviceTask", "sendTask", "task", "callActivity")
_OTHERS = ("userTask", "manualTask", "scriptTask", "businessRuleTask", "receiveTask")
_REPEATED = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_MOST_TRIES = 10
_TIME_CYCLE = re.compile(r"R(\d+)/")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def chosen(found: list[Diagram], part: str | None, source: str) -> Diagram:
    """Give the process that was asked for, or the only one with steps.

    Raises:
        UsageError: when there is none, or nobody said which.
    """
    able = [one for one in found if any(node.kind in _STEPS for node in one.nodes.values())]
    picked = [one for one in able if part in (one.id, one.name)] if part else able
    if len(picked) == 1:
        return picked[0]
    names = ", ".join(one.id for one in able) or "none"
    raise UsageError(f"Which process of {source} is the saga? Name one by --process. Those with service tasks: {names}.")


def told(diagram: Diagram, source: str) -> Told:
    """Read a process.

    Raises:
        UsageError: when no service task is reached from its start.
    """
    order = flow.order(diagram)
    reached = [diagram.nodes[one] for one in order.nodes if one in diagram.nodes]
    tasks = [node for node in reached if node.kind in _STEPS and not node.is_true("isForCompensation")]
    if not tasks:
        raise UsageError(f"In the process {diagram.id} of {source}, no service task is reached from the start. Name another one.")
    names: dict[str, str] = {}
    for task in tasks:
        names[task.id] = step_name(_lowered(task.name), names.values())
    found = Told("BPMN", source, saga=step_name(_lowered(diagram.name)))
    for task in tasks:
        found.steps.append(_step(diagram, task, names, order))
    steps = {step.name: step for step in found.steps}
    by_id = {task.id: steps[names[task.id]] for task in tasks}
    _ask_of_ways(diagram, order, by_id)
    _ask_of_waiting(reached, order, by_id)
    found.questions += _left_out(diagram, order, reached)
    return found


def _step(diagram: Diagram, task: Node, names: dict[str, str], order: flow.Order) -> Step:
    name = names[task.id]
    step = Step(name, _participant(diagram, task), f"{task.kind} '{task.name}'", forward=_call(task))
    step.after = [names[one] for one in flow.nearest(order, task.id, set(names))]
    step.tries = _tries(task)
    if task.id not in diagram.receivers:
        topic = _topic(task)
        step.questions.append(f"Which service does this{f' (its topic is {topic})' if topic else ''}? The process does not say.")
    if task.kind in ("task", "callActivity"):
        step.questions.append(f"In the process this is a {task.kind}: is it one call to a participant?")
    step.questions += [
        "In the process it is done more than once: for each of what (`for_each`)?" for part in _REPEATED if task.has(part)
    ]
    _boundary(diagram, task, step)
    return step


def _boundary(diagram: Diagram, task: Node, step: Step) -> None:
    for event in diagram.boundary.get(task.id, ()):
        if event.has("compensateEventDefinition"):
            handler = diagram.handlers.get(event.id)
            step.undone_by = diagram.nodes[handler].name if handler else event.name
            step.compensate = _call(diagram.nodes[handler]) if handler else None
            if handler is None:
                step.questions.append(f"The compensation {event.called} names no activity that undoes. What does?")
        elif event.has("timerEventDefinition"):
            step.questions.append(f"A timer interrupts it ({_texts(event) or event.name}): is that `timeout_ms`?")
        else:
            step.refuses = True
            step.questions.append(f"{event.called} is caught at it: which answer is that, a refusal?")


def _ask_of_ways(diagram: Diagram, order: flow.Order, steps: dict[str, Step]) -> None:
    found = list(flow.ways(diagram, order, steps))
    for way in found:
        others = [one for one in found if one.gateway.id == way.gateway.id and one is not way]
        before = flow.nearest(order, way.gateway.id, set(steps))
        if way.fails:
            for one in before:
                steps[one].refuses = True
                steps[one].questions.append(
                    f"At '{way.gateway.name}' the way '{way.said}' leads to the undoing: which answer of this step is that?"
                )
            continue
        ever = (
            frozenset.intersection(*(one.reached for one in others if not one.fails))
            if any(not one.fails for one in others)
            else None
        )
        for one, step in steps.items():
            if ever is not None and one in way.reached and one not in ever:
                step.questions.append(
                    f"It is done only on the way '{way.said}' from '{way.gateway.name}': when is that (`when`)?"
                )


def _ask_of_waiting(reached: list[Node], order: flow.Order, steps: dict[str, Step]) -> None:
    for node in reached:
        if node.kind == "receiveTask" or (node.kind == "intermediateCatchEvent" and node.has("messageEventDefinition")):
            for one in flow.nearest(order, node.id, set(steps)):
                steps[one].questions.append(
                    f"The process then waits for '{node.name}': does it tell the outcome (`completion: callback`)?"
                )


def _left_out(diagram: Diagram, order: flow.Order, reached: list[Node]) -> Iterator[str]:
    for node in reached:
        if node.kind in _OTHERS and node.kind != "receiveTask":
            yield f"{node.called} is left out, since it is no call. Does a participant do it?"
        if node.kind == "intermediateCatchEvent" and node.has("timerEventDefinition"):
            yield f"The process waits at '{node.name}' ({_texts(node)}), which a saga file does not say. Does it matter?"
    for back in order.back:
        again = f"'{_name(diagram, back.target)}' ({back.said or 'again'})"
        yield f"The process goes back to {again}, which is left out. What does it mean?"
    for node in (one for one in diagram.event_subprocesses if not _only_undoes(one)):
        yield f"The event sub-process '{node.name}' is left out. Does it undo or finish the saga?"
    scopes = [one for one in diagram.boundary if one in diagram.nodes and diagram.nodes[one].kind not in _STEPS]
    for scope in scopes:
        for event in diagram.boundary[scope]:
            if event.has("compensateEventDefinition") and diagram.nodes[scope].kind not in _OTHERS:
                yield f"{event.called} undoes all of '{diagram.nodes[scope].name}': which of its steps, and by which calls?"


def _only_undoes(scope: Node) -> bool:
    """Does a sub-process throw a compensation and do nothing else? That is what a saga does when a step fails."""
    parts = [local(one) for one in scope.element.iter()]
    return "compensateEventDefinition" in parts and not any(part.endswith(("Task", "task", "callActivity")) for part in parts)


def _lowered(name: str) -> str:
    """Write a name as in the midst of a sentence."""
    return name[:1].lower() + name[1:]


def _name(diagram: Diagram, node: str) -> str:
    return diagram.nodes[node].name if node in diagram.nodes else node


def _participant(diagram: Diagram, task: Node) -> str:
    known = diagram.receivers.get(task.id) or diagram.lanes.get(task.id)
    return " ".join((known or plain_name(task.name).lower()).split())


def _topic(task: Node) -> str:
    for one in task.element.iter():
        if local(one) == "taskDefinition" and one.get("type"):
            return one.get("type", "")
    return next((value for name, value in task.element.attrib.items() if name.endswith("}topic")), "")


def _tries(task: Node) -> int | None:
    for one in task.element.iter():
        text = one.get("retries") if local(one) == "taskDefinition" else None
        cycle = _TIME_CYCLE.match((one.text or "").strip()) if local(one) == "failedJobRetryTimeCycle" else None
        number = cycle[1] if cycle else text
        if number and number.isdecimal() and 1 <= int(number[:4]) <= _MOST_TRIES:
            return int(number)
    return None


def _call(task: Node) -> Call | None:
    """Give the request that an HTTP connector of Camunda makes, as far as it is written out."""
    found: dict[str, str] = {}
    for one in task.element.iter():
        if local(one) == "input":
            found[one.get("target", "")] = (one.get("source") or "").strip().removeprefix("=").strip().strip('"')
        elif local(one) == "inputParameter":
            found[one.get("name", "")] = (one.text or "").strip()
    method, url = found.get("method", "GET").upper(), found.get("url", "")
    if not url or method not in _METHODS:
        return None
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    call = Call(method, literal(path) if path.startswith("/") and " " not in path else "/", f"the connector of '{task.name}'")
    call.questions.append(
        f"The connector calls {url[:150]}: which of it are values of the saga, and which headers and body are sent?"
    )
    return call


def _texts(node: Node) -> str:
    return " ".join(" ".join((one.text or "").split()) for one in node.element.iter() if local(one).startswith("time")).strip()
