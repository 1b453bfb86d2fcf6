"""Outputs of the step itself that its compensation or its status call needs: told by an answer before, or looked up.

Where nobody told such an output, the declared look-up is made first, as an orchestrator would that lost the reply. Where it finds
nothing, nothing is sent: there is nothing to undo, and the status reads as absent. Without a look-up the call cannot be made.
"""

from collections.abc import Callable
from dataclasses import replace

from saga_contracts.declare.outcomes import Outcome, Sought, State
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.errors import SagapactError
from saga_contracts.wire.likeness import short
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import Driver


class CannotCallError(SagapactError):
    """A call needs an output that nobody told and that cannot be looked up."""


def known(
    driver: Driver, instance: Instance, role: str, note: Callable[[Called], None] = lambda _: None
) -> tuple[Instance, Called | None]:
    """See to it that the outputs are known which a call needs.

    Args:
        driver: Calls the participant.
        instance: For this instance.
        role: Of the call: `compensate` or `status`.
        note: Told of each try to look up.

    Returns:
        The instance with what was found; and the answer to the look-up, where it says that there is nothing.

    Raises:
        CannotCallError: when the call cannot be made.
    """
    step = driver.slice.step
    missing = sorted(step.own_outputs(role) - instance.call.outputs.get(step.step, {}).keys())
    if not missing:
        return instance, None
    needs = f"it needs the output `{missing[0]}` of {step.step}, which no answer told"
    if step.lookup is None:
        raise CannotCallError(f"{needs}, and no look-up is declared")
    *_, sought = (_noted(called, note) for called in driver.patiently(lambda: driver.look_up(instance), step.tries))
    if sought.outcome == Sought.ABSENT:
        return instance, sought
    found = outputs_in(step, sought.body, sought.headers, Teller.LOOKUP) if sought.outcome == Sought.FOUND else None
    if found is None:
        said = f"{sought.status} {short(sought.body)}" if sought.status is not None else f"nothing: it {sought.error}"
        raise CannotCallError(f"{needs}, and the look-up says {said}")
    return driver.knowing(instance, found), None


def unsent_undo(sought: Called, names: tuple[str, ...]) -> Called:
    """Give a compensation that needs not be sent, since nothing was found: done."""
    return replace(sought, letter="C", outcome=Outcome.DONE, names=names, unsent=True)


def unsent_status(sought: Called) -> Called:
    """Give a status call that needs not be sent, since nothing was found: absent."""
    return replace(sought, letter="S", outcome=State.ABSENT, unsent=True)


def _noted(called: Called, note: Callable[[Called], None]) -> Called:
    note(called)
    return called
