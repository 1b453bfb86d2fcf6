"""The rules of a saga that need more than one field: payload, order, classes, waivers, conserved quantities (pure).

The rules of one step's calls are `lint_calls`, those of templates `lint_templates`, and whether what will be asked can be met is
`lint_demands`. Together they decide what can be read off the file: O25 (class order) and O33 (addressable by key). Each problem
carries the path of the field it belongs to; `sagafile` turns it into a fault with line and column.
"""

import graphlib
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import islice

from saga_contracts.declare import schemas
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import KeyStyle, Saga, Step, StepClass
from saga_contracts.read import (
    lint_calls,
    lint_choreography,
    lint_conditions,
    lint_demands,
    lint_elements,
    lint_given,
    lint_knowledge,
    lint_policies,
    lint_sharing,
    lint_templates,
    lint_written,
)

__all__ = ["MOST", "Problem", "problems"]

MOST = 100
"""So many problems are told at most: a text of a million braces has a million of them."""
MOST_FRESH = 200


def problems(saga: Saga) -> list[Problem]:
    """Give every broken rule of a saga whose shape is right, a hundred at most."""
    found = list(islice(_by_itself(saga), MOST))
    return [*found, *islice(_demands(saga, found), MOST - len(found))]


def _by_itself(saga: Saga) -> Iterator[Problem]:
    """Judge all that needs nothing but the file."""
    yield from _payload(saga)
    yield from _names(saga)
    out_of_order = list(islice(_order(saga), MOST))
    yield from out_of_order
    for index, step in enumerate(saga.steps):
        at: Path = ("steps", index)
        yield from lint_calls.problems(saga, step, at)
        yield from lint_templates.problems(saga, step, at)
        yield from lint_conditions.problems(saga, step, at)
        yield from lint_elements.problems(saga, step, at)
        yield from lint_policies.problems(saga, step, at)
        yield from lint_sharing.problems(saga, step, at)
        if not out_of_order:
            yield from _class_order(saga, step, at)
    yield from _same_natural_key(saga)
    yield from lint_templates.saga_problems(saga)
    if not out_of_order and all(
        name in saga.graph.index and name != step.step for step in saga.steps for name in step.undo_after or ()
    ):
        yield from lint_policies.saga_problems(saga)
    yield from lint_choreography.problems(saga)
    yield from _waivers(saga)
    yield from _conserved(saga)


def _demands(saga: Saga, found: list[Problem]) -> Iterator[Problem]:
    """Judge what a saga asks for, as far as its values stand where they are looked for."""
    faulty = [problem.path for problem in found]
    if any(path[:2] in (("payload", "schema"), ("payload", "example"), ("payload", "fresh")) for path in faulty):
        return
    not_fresh = list(lint_demands.fresh_problems(saga))
    yield from not_fresh
    if any(path[0] == "steps" for path in faulty):  # the templates of a step may lean on any step before it
        return
    for index, step in enumerate(saga.steps):
        yield from lint_conditions.branch_problems(saga, step, ("steps", index))
        yield from lint_demands.problems(saga, step, ("steps", index))
        yield from lint_written.problems(saga, step, ("steps", index))
        if not not_fresh:  # what is no constant is to be known
            yield from lint_given.problems(saga, step, ("steps", index))
            yield from lint_knowledge.problems(saga, step, ("steps", index))


def _payload(saga: Saga) -> Iterator[Problem]:
    schema, example = saga.payload.json_schema, saga.payload.example
    faulty = schemas.faults(schema)
    for problem in faulty:
        yield Problem(("payload", "schema", *problem.path), problem.what, problem.mend)
    for broken in () if faulty else schemas.faults_of(schema, example):
        at: Path = ("payload", "example", *broken.path)
        yield Problem(at, f"The example does not fit the schema: {broken.what}.", "Change the example or the schema.")
    if len(saga.payload.fresh) > MOST_FRESH:
        what = f"At most {MOST_FRESH} fields may be fresh; {len(saga.payload.fresh)} stand here."
        yield Problem(("payload", "fresh"), what, "Name those by which two runs are told apart.")


def _names(saga: Saga) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, step in enumerate(saga.steps):
        if step.step in seen:
            yield Problem(("steps", index, "step"), f"The step `{step.step}` stands twice.", "Give each step its own name.")
        seen.add(step.step)
    yield from _alike([(("steps", index, "step"), step.step) for index, step in enumerate(saga.steps)])
    services: list[tuple[Path, str]] = [(("owner",), saga.owner)]
    services += [(("executes_as",), saga.executes_as)] if saga.executes_as else []
    services += [(("steps", index, "participant"), step.participant) for index, step in enumerate(saga.steps)]
    for at, name in services:
        if name in (".", ".."):
            yield Problem(at, f"A service cannot be called `{name}`: in an address it names a folder.", "Rename it.")
    yield from _alike(services)


def _alike(names: list[tuple[Path, str]]) -> Iterator[Problem]:
    """Names that people, file systems or registries take for one: `Bank` and `bank`, or one letter written in two ways."""
    seen: dict[str, str] = {}
    for at, name in names:
        known = seen.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
        if known != name:
            what = f"`{name}` differs from `{known}` only in capital letters, or in the way in which a letter is written."
            yield Problem(at, what, "Write it the same way, or give it a name of its own.")


def _order(saga: Saga) -> Iterator[Problem]:
    names = [step.step for step in saga.steps]
    for index, step in enumerate(saga.steps):
        seen: set[str] = set()
        for position, before in enumerate(step.after):
            at = ("steps", index, "after", position)
            if before not in saga.graph.index:
                yield Problem(at, f"There is no step `{before}`.", did_you_mean(before, names))
            elif before in seen:
                yield Problem(at, f"`{before}` stands twice in `after`.", "Remove one of them.")
            seen.add(before)
    if len(set(names)) < len(names):
        return
    cycle = _find_cycle({step.step: [name for name in step.after if name in names] for step in saga.steps})
    if cycle:
        index = names.index(cycle[0])
        yield Problem(("steps", index, "after"), f"These steps wait for one another: {' → '.join(cycle)}.", "Break the cycle.")


def _find_cycle(graph: dict[str, list[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []


def _class_order(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Compensatable steps first, then at most one pivot, then retriable ones; side by side counts as out of order.

    A step that only reads may stand anywhere; past the point of no return it must not refuse.
    """
    ancestors = [one for one in (saga.step(name) for name in sorted(saga.ancestors(step.step))) if not one.only_reads]
    here = (*at, "class")
    if step.only_reads:
        yield from _refuses_too_late(step, ancestors, at)
        return
    if step.step_class == StepClass.COMPENSATABLE:
        for before in ancestors:
            if before.step_class != StepClass.COMPENSATABLE:
                what = f"A compensatable step may not come after the {before.step_class} step `{before.step}` (O25)."
                reads = before.forward.request.method == "GET"
                mend = "Change the order or the class" + (
                    f"; if `{before.step}` only reads, it is `read_only`." if reads else "."
                )
                yield Problem(here, what, mend)
        return
    if step.step_class == StepClass.PIVOT:
        pivots = [other.step for other in saga.steps if other.step_class == StepClass.PIVOT]
        if pivots[0] != step.step:
            yield Problem(here, f"There is a pivot already: `{pivots[0]}` (O25).", "A saga has at most one.")
        for before in ancestors:
            if before.step_class == StepClass.RETRIABLE:
                what = f"A pivot may not come after the retriable step `{before.step}` (O25)."
                yield Problem(here, what, "Change the order.")
    yield from _too_early(saga, step, (*at, "after"))


def _refuses_too_late(step: Step, ancestors: list[Step], at: Path) -> Iterator[Problem]:
    for before in ancestors:
        if before.step_class != StepClass.COMPENSATABLE and step.forward.replies.refused is not None:
            what = (
                f"It may refuse, and once the {before.step_class} step `{before.step}` is done the saga only goes forward (O25)."
            )
            yield Problem((*at, "forward", "replies", "refused"), what, f"Read before `{before.step}`, or remove the refusal.")


def _too_early(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A step that cannot be undone has to wait for all that may still make the saga undo."""
    before = saga.ancestors(step.step)
    for other in saga.steps:
        later = step.step in saga.ancestors(other.step)
        undecided = other.step_class == StepClass.COMPENSATABLE
        undecided = undecided or (other.only_reads and not saga.goes_only_forward(other.step))
        undecided = undecided or (other.step_class == StepClass.PIVOT and step.step_class == StepClass.RETRIABLE)
        if undecided and not other.optional and other.step not in before and not later and other.step != step.step:
            what = f"A {step.step_class} step cannot be undone, so it has to wait for `{other.step}`, which may still fail (O25)."
            yield Problem(at, what, f"Add `{other.step}` to `after`.")


def _same_natural_key(saga: Saga) -> Iterator[Problem]:
    seen: dict[object, str] = {}
    for index, step in enumerate(saga.steps):
        if step.key != KeyStyle.NATURAL or not step.key_fields:
            continue
        request = step.forward.request
        identity = (step.participant, frozenset(step.key_fields), request.method, request.path)
        if identity in seen:
            what = f"The step `{seen[identity]}` makes the same call at {step.participant} under the same natural key."
            yield Problem(("steps", index, "key_fields"), what, "Add a field that tells the steps apart.")
        seen.setdefault(identity, step.step)


def _waivers(saga: Saga) -> Iterator[Problem]:
    names = [step.step for step in saga.steps]
    names += [*(one.reaction for one in saga.reactions), *(one.timer for one in saga.timers), *saga.events]
    for index, waiver in enumerate(saga.waivers):
        if waiver.obligation not in CATALOGUE:
            at: Path = ("waivers", index, "obligation")
            yield Problem(at, f"There is no obligation {waiver.obligation}.", "Use an id such as O8.")
        if waiver.step not in names:
            kinds = "step, reaction, timer or event" if saga.speaks_of_events else "step"
            yield Problem(("waivers", index, "step"), f"There is no {kinds} `{waiver.step}`.", did_you_mean(waiver.step, names))
        try:
            date.fromisoformat(waiver.expires)
        except ValueError:
            yield Problem(("waivers", index, "expires"), f"{waiver.expires} is no date.", "Write an existing day as YYYY-MM-DD.")


def _conserved(saga: Saga) -> Iterator[Problem]:
    participants = sorted({step.participant for step in saga.steps} | {one.participant for one in saga.reactions})
    seen: set[str] = set()
    for number, conserved in enumerate(saga.conserved):
        if conserved.quantity in seen:
            what = f"The quantity `{conserved.quantity}` stands twice."
            yield Problem(("conserved", number, "quantity"), what, "Put all reads under one of them.")
        seen.add(conserved.quantity)
        for index, read in enumerate(conserved.reads):
            at: Path = ("conserved", number, "reads", index, "participant")
            if read.participant not in participants:
                what = f"No step of the saga is at `{read.participant}`."
                yield Problem(at, what, did_you_mean(read.participant, participants))
