"""What fails inside and beneath a participant: for each way to fail the retry and the undoing; of reading steps nothing."""

from saga_contracts.declare.saga import Completion, StepClass
from saga_contracts.derive import decks
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import beneath, inside
from saga_contracts.sagafile import parse_saga
from small_participant import SAGA

TAKE = step_slice(parse_saga(SAGA, "small.yaml"), "take")


def changed(**changes: object) -> StepSlice:
    """Give the step with other values."""
    return TAKE.model_copy(update={"step": TAKE.step.model_copy(update=changes)})


def names(slice_: StepSlice) -> list[str]:
    """Give the names of what is tried."""
    deck = decks.derive(slice_, 1)
    return [one.name for source in (inside.trials, beneath.trials) for one in source(slice_, deck)]


def test_every_way_to_fail_is_met_by_a_retry_by_an_undoing_and_in_the_undoing() -> None:
    assert names(TAKE) == [
        *(
            name
            for mode in ("closed", "500", "silent", "lost", "kill")
            for name in (f"F inside-{mode} F", f"F inside-{mode} C", f"F C inside-{mode} C")
        ),
        "F moved F",
        "C moved F",
        "F C moved F",
        "F restored F",
    ]


def test_who_tells_later_ends_its_work_in_spite_of_the_failure() -> None:
    later = names(changed(completion=Completion.POLL))

    assert {"F inside-lost D", "F inside-lost C", "F D C inside-lost C", "F D moved F", "F D restored F D"} <= set(later)


def test_a_step_that_only_reads_has_nothing_to_repair() -> None:
    deck = decks.derive(TAKE, 1)
    reads = changed(step_class=StepClass.READ_ONLY)
    assert [*inside.trials(reads, deck), *beneath.trials(reads, deck)] == []


def test_a_trial_says_how_the_call_fails_and_during_which_call_of_the_step() -> None:
    told = {one.name: (inside.mode_of(one), inside.during(one)) for one in inside.trials(TAKE, decks.derive(TAKE, 1))}

    assert (told["F inside-lost C"], told["F C inside-kill C"]) == (("lost", "F"), ("kill", "C"))
