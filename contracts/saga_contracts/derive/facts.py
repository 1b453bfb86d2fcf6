"""What the rest of a saga means for one of its steps, and for two of them at one participant (pure).

These are the facts that travel in a step's slice, so that whoever has the slices of a pact needs no saga file.
"""

from saga_contracts.declare.saga import Model, Policies, Saga, Step, StepClass


class PairFacts(Model):
    """What the saga does with a step and an earlier one, or one beside it, at the same participant.

    Attributes:
        beside: The other step, which comes first in the pair.
        ordered: Does this step wait for it?
        waits_for_others: Does the other, does this step wait for steps that the other of the two does not wait for?
        thirds: Steps that can make the saga fail: for each, whether it is done before the other, before this one starts; and
            whether it waits for the other, for this one.
        undo_waits: Does the undoing of the other wait for that of this one, and the other way round?
        skipped: Which of the two do not run, in each of the branches that their conditions make.
    """

    beside: str
    ordered: bool
    waits_for_others: tuple[bool, bool]
    thirds: tuple[tuple[tuple[bool, bool], tuple[bool, bool]], ...]
    undo_waits: tuple[bool, bool]
    skipped: tuple[tuple[bool, bool], ...]


class Facts(Model):
    """What the rest of the saga means for this step.

    Attributes:
        undone_after_done: May the step be undone after its forward call was done, because another step fails or the saga's time
            is over?
        starts_beside_others: May another step fail while this one runs, or the saga's time end?
        pairs: For each step at the same participant that is the first of a pair with this one; null: there is none.
    """

    undone_after_done: bool
    starts_beside_others: bool
    pairs: tuple[PairFacts, ...] | None = None


def facts_of(saga: Saga, step: Step) -> Facts:
    """Give the facts of a step."""
    before = saga.ancestors(step.step)
    can_fail = [
        other.step
        for other in saga.steps
        if other.step not in before
        and (other.step != step.step or step.for_each is not None)  # for another element it may fail
        and fails_the_saga(other, saga.policies)
    ]
    ends_early = any(other.step not in before and other is not step for other in may_be_pending_at_the_end(saga))
    beside = [name for name in can_fail if step.step not in saga.ancestors(name)]
    return Facts(
        undone_after_done=step.step_class == StepClass.COMPENSATABLE and (bool(can_fail) or ends_early),
        starts_beside_others=bool(beside) or ends_early,
        pairs=_pairs(saga, step) or None,
    )


def fails_the_saga(step: Step, policies: Policies) -> bool:
    """May this step make the others be undone? A pivot without an answer may have happened: only its status can tell."""
    if step.step_class == StepClass.PIVOT and policies.uncertain_pivot == "ask_then_forward":
        return True
    if step.optional or step.step_class == StepClass.RETRIABLE:
        return False
    if step.step_class == StepClass.COMPENSATABLE or step.only_reads:
        return True
    return step.refuses_later or step.forward.replies.refused is not None or step.given.can_refuse


def may_be_pending_at_the_end(saga: Saga) -> tuple[Step, ...]:
    """Give the steps that may not have begun when the saga's time is over, so that those before and beside them are undone."""
    return tuple(step for step in saga.steps if step.after) if saga.timeout_ms is not None else ()


def pairs_of(saga: Saga) -> list[tuple[str, str]]:
    """Give every two steps of a saga that are at the same participant, in an order in which they can run."""
    found = []
    for index, first in enumerate(saga.steps):
        for second in saga.steps[index + 1 :]:
            if first.participant == second.participant and not (first.only_reads or second.only_reads):
                swap = second.step in saga.ancestors(first.step)
                found.append((second.step, first.step) if swap else (first.step, second.step))
    return found


def pair_facts(saga: Saga, first: str, second: str) -> PairFacts:
    """Give the facts of two steps, the first of which does not wait for the second."""
    before = (saga.ancestors(first), saga.ancestors(second))
    others = [step for step in saga.steps if step.step not in (first, second) and fails_the_saga(step, saga.policies)]
    thirds = {
        (
            (step.step in before[0], step.step in before[1]),
            (first in saga.ancestors(step.step), second in saga.ancestors(step.step)),
        )
        for step in others
    }
    thirds |= _out_of_time(saga, first, second)
    return PairFacts(
        beside=first,
        ordered=first in before[1],
        waits_for_others=(bool(before[0] - before[1] - {second}), bool(before[1] - before[0] - {first})),
        thirds=tuple(sorted(thirds)),
        undo_waits=(second in saga.undo_graph.ancestors(first), first in saga.undo_graph.ancestors(second)),
        skipped=tuple(sorted(_skipped(saga.step(first), saga.step(second)))),
    )


def _pairs(saga: Saga, step: Step) -> tuple[PairFacts, ...]:
    """Give the pairs of which a step is the second; elements of a list are played in the step's own deck."""
    if step.for_each is not None:
        return ()
    firsts = [first for first, second in pairs_of(saga) if second == step.step and saga.step(first).for_each is None]
    return tuple(pair_facts(saga, first, step.step) for first in firsts)


def _out_of_time(saga: Saga, first: str, second: str) -> set[tuple[tuple[bool, bool], tuple[bool, bool]]]:
    """The saga's time may be over as long as a step has not begun; then it is as if another step had failed."""
    found = set()
    for step in may_be_pending_at_the_end(saga):
        before = [step.step in {name, *saga.ancestors(name)} for name in (first, second)]
        found.add(((before[0], before[1]), (False, False)))
    return found


def _skipped(first: Step, second: Step) -> set[tuple[bool, bool]]:
    """Give the branches that the conditions of two steps make: for each, which of them do not run."""
    choices = [(False,) if step.when is None else (False, True) for step in (first, second)]
    together = first.when is not None and first.when == second.when
    return {(one, other) for one in choices[0] for other in choices[1] if one == other or not together}
