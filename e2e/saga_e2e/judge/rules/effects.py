"""The invariants about effects (pure): I2, at most one for each step; I3, each as it was declared, and nothing made or lost.

Where several steps read one field at one place, a reading is explained by the set of their effects whose declared changes,
together, make it.
"""

import math
from collections.abc import Iterator

from saga_contracts.declare.saga import Step
from saga_e2e.derive.ends import End
from saga_e2e.judge.evidence import StepEvidence
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged
from saga_e2e.judge.heard import second_answers
from saga_e2e.judge.readings import reading

_EITHER, _APPLIED, _WITHOUT = frozenset({"applied", "without"}), frozenset({"applied"}), frozenset({"without"})
_BY_STATUS = {"applied": _APPLIED, "in_progress": _EITHER, None: _EITHER}


def one_effect(case: Judged) -> Finding:
    """I2: one saga for one request, at most one effect for each step, and a call that came twice is answered as one."""
    broken, unproven = [*_created_twice(case), *second_answers(case)], []
    for step in case.with_effect:
        seen = case.worlds(step)
        if seen is None:
            unproven.append(_unread(case, step))
        elif not seen:
            broken.append(f"{step.step}: {_reading(case, step)} is neither no effect nor exactly one{_with_others(case, step)}.")
    return judged("I2", broken, unproven, "Every step has no effect or exactly one.")


def conservation(case: Judged) -> Finding:
    """I3: each probe reads exactly what is declared for the state that the step is in, and quantities are conserved."""
    broken, unproven = [], []
    for step in case.with_effect:
        seen, allowed = case.worlds(step), _declared_worlds(case, step)
        if seen is None:
            unproven.append(_unread(case, step))
        elif not seen & allowed:
            state = case.found(step).state or f"to be {' or '.join(sorted(allowed))} effect in a saga that is {case.end}"
            broken.append(f"{step.step} is {state}, but its probe reads {_reading(case, step)}.")
    broken += [] if broken else _no_common_set(case)
    for quantity in case.evidence.quantities:
        if quantity.before is None or quantity.after is None:
            unproven.append(f"The quantity {quantity.name} could not be read: {quantity.trouble or 'no reading'}.")
        elif not math.isclose(quantity.before, quantity.after, rel_tol=1e-12, abs_tol=1e-9):
            broken.append(f"The quantity {quantity.name} was {quantity.before:g} before the saga and is {quantity.after:g} now.")
    return judged("I3", broken, unproven, "Every probe reads what the step's state declares.")


def _created_twice(case: Judged) -> Iterator[str]:
    sagas = sorted(set(case.evidence.creations))
    if len(sagas) > 1:
        yield f"One request to create a saga, sent again, made {len(sagas)} of them: {', '.join(sagas)}."


def _no_common_set(case: Judged) -> Iterator[str]:
    """Each step of a place may be explained alone, and yet no set of effects fits all of them at once."""
    of = {one.saga_id: Judged(case.saga, case.scenario, one) for one in (case.evidence, *case.evidence.others)}
    for group in case.together:
        own = [one for one in group if one.saga_id == case.evidence.saga_id]
        sets = case.explained[group[0].name] if own else ()
        allowed = {one.name: _declared_worlds(of[one.saga_id], one.step) for one in group}
        if sets and not any(
            all(("applied" if name in there else "without") in worlds for name, worlds in allowed.items()) for there in sets
        ):
            read = _reading(case, own[0].step)
            yield f"{', '.join(allowed)}: their probes read {read}, which their states do not make together."


def _declared_worlds(case: Judged, step: Step) -> frozenset[str]:
    found = case.found(step)
    if found.state is None:
        return _by_end(case, step, found)
    if found.state == "applied":
        return _APPLIED
    if found.state in OPEN | {"running", "compensating"}:  # the record does not know: the participant's word counts
        return _BY_STATUS.get(found.status, _WITHOUT)
    return _WITHOUT


def _by_end(case: Judged, step: Step, found: StepEvidence) -> frozenset[str]:
    """Where the record tells nothing of single steps, the saga's end does, of steps that it needs."""
    if case.skips(step) or (case.end == End.COMPENSATED and step.compensate is not None and not step.optional):
        return _WITHOUT
    if case.end == End.COMMITTED and not step.optional:
        return _APPLIED
    return _BY_STATUS.get(found.status, _WITHOUT)


def _with_others(case: Judged, step: Step) -> str:
    others = [one.name for group in case.together if any(one.name == step.step for one in group) for one in group]
    return f", nor with the effects of {', '.join(name for name in others if name != step.step)}" if others else ""


def _unread(case: Judged, step: Step) -> str:
    trouble = case.found(step).probe_trouble or case.shared_probes.get(step.step, "its probe was not read")
    return f"The effect of {step.step} cannot be seen: {trouble}."


def _reading(case: Judged, step: Step, limit: int = 160) -> str:
    text = str(reading(step, case.found(step)))
    return text if len(text) <= limit else text[: limit - 1] + "…"
