"""Making one call of a history until it is clearly answered, and which replies are right then."""

from collections.abc import Callable

from saga_contracts.derive import expectations
from saga_contracts.derive.expectations import OF_ANOTHER, Expectation, Letter
from saga_verifier.play import own_outputs
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.driver import Driver


def call_until_clear(
    driver: Driver, instance: Instance, expects: Expectation, letter: Letter, note: Callable[[Called], None] = lambda _: None
) -> tuple[Called, tuple[str, ...]]:
    """Make a call, again while it is not answered or answered 'try again' (once where it is to be answered so).

    Args:
        driver: Calls the participant.
        instance: For this instance; a misused key takes another payload, and some calls are those of another element.
        expects: What must follow.
        letter: The event, no callback.
        note: Told of each try.

    Returns:
        The last try, and the names of the declared replies that are right: after a first try without a clear answer those to a
        repeated call as well. A compensation whose look-up finds nothing is not sent, and counts as done.

    Raises:
        CannotCallError: when it needs an output of its own step that nobody told and that cannot be looked up.
    """
    if letter in OF_ANOTHER:
        driver, instance = driver.beside(instance, prepares=letter == Letter.ANOTHER)
    undoes = expectations.role_of(letter) == "compensate"
    if undoes:
        instance, sought = own_outputs.known(driver, instance, "compensate", note)
        if sought is not None:
            return own_outputs.unsent_undo(sought, expects.replies), expects.replies
    tries = driver.slice.step.undo_tries if undoes else driver.slice.step.tries
    called_with = driver.with_other_payload(instance) if letter == Letter.MISUSED else instance

    def once() -> Called:
        return (driver.compensate if undoes else driver.forward)(called_with, letter.value)

    made = []
    for called in (once(),) if letter == Letter.RETRYABLE else driver.patiently(once, tries):
        note(called)
        made.append(called)
    repeated = expectations.answers(driver.slice, expects.following, letter) if len(made) > 1 else ()
    return made[-1], tuple(dict.fromkeys((*expects.replies, *repeated)))
