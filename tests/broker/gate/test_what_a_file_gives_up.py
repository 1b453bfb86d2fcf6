"""What the saga file itself gives up is told by the gate, whether or not a deck was played, and may be waived."""

from typing import Any

from saga_contracts.derive import adoption
from saga_evidence import slice_of
from small_sagas import retriable, step, waiver


def without_undoing(**fields: Any) -> tuple[dict[str, Any], ...]:
    return step(compensate="none", **fields), retriable()


def reasons_of(answer: Any) -> str:
    return "\n".join(f"{one['verdict']}: {one['text']} {one['mend']}" for one in answer["reasons"])


def test_a_step_that_cannot_be_undone_yet_is_a_no_with_the_reason(landscape: Any) -> None:
    landscape.holds(steps=without_undoing())
    answer = landscape.ask()

    assert answer["canRun"] is False
    assert "no: Step pay of saga sale: pay_service 10 breaks O6 (semantic inverse). The step has no compensation yet" in (
        reasons_of(answer)
    )


def test_it_is_a_no_at_level_one_without_any_deck(landscape: Any) -> None:
    landscape.saga(steps=without_undoing(level=1), level=1)
    landscape.pacts()
    for name in ("pay_service", "tell_service"):
        landscape.verify(name)
        landscape.deploy(name, "10")
    landscape.deploy("shop", "1")
    answer = landscape.ask()

    assert answer["canRun"] is False
    assert "Step pay of saga sale gives up O13 (compensation is never refused)." in reasons_of(answer)
    assert "Or waive O13 at pay" in reasons_of(answer)
    assert "O6" not in reasons_of(answer)  # what only the effect shows is not looked at


def test_with_waivers_it_is_a_yes_that_says_so(landscape: Any) -> None:
    landscape.saga(steps=without_undoing(level=1), level=1)
    given_up = adoption.declared_broken(slice_of(landscape.read("1"), "pay"))
    landscape.saga("2", steps=without_undoing(level=1), level=1, waivers=[waiver(one) for one in given_up])
    landscape.pacts("2")
    for name in ("pay_service", "tell_service"):
        landscape.verify(name, of="2")
        landscape.deploy(name, "10")
    landscape.deploy("shop", "2")
    answer = landscape.ask()

    assert answer["canRun"] is True
    assert "O8 (null compensation): The step has no compensation yet (`compensate: none`): broken, as declared. Waived by" in (
        reasons_of(answer)
    )


def test_a_yes_names_the_steps_of_which_contracts_are_all_that_is_asked(landscape: Any) -> None:
    landscape.holds(steps=(step(), retriable(level=1)))
    answer = landscape.ask()

    assert answer["canRun"] is True
    assert "every history of at most k = 1 faults (but for tell: contracts only)." in answer["summary"]
    assert "Not looked at (level 1)" in answer["summary"]
