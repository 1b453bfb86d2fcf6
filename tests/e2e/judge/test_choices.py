"""What a saga file chooses is judged: conditions, the order of the undoing, pauses between tries."""

from typing import Any

from saga_contracts.declare.calls import Backoff
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.findings import Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.proxy.trace import Fate

SKIPS = "{payload.price_minor} < 0"


def with_steps(saga: Saga, **changes: dict[str, Any]) -> Saga:
    """Give the saga with some steps changed."""
    return saga.model_copy(update={"steps": tuple(one.model_copy(update=changes.get(one.step, {})) for one in saga.steps)})


def broken(story: Any, name: str, saga: Saga) -> dict[str, str]:
    scenario = next(one for one in derive(story.saga) if one.name == name)
    return {one.id: one.text for one in judge(Judged(saga, scenario, story.evidence())) if one.verdict == Verdict.BROKEN}


def test_a_step_whose_condition_does_not_hold_must_not_be_called_nor_have_its_effect(committed: Any, vas_purchase: Saga) -> None:
    saga = with_steps(vas_purchase, notify={"when": SKIPS})

    found = broken(committed, "committed", saga)

    assert found["I1"] == "notify has its effect although its condition does not hold."
    assert "At notify arrived F, although its condition does not hold." in found["I13"]


def test_a_step_that_was_rightly_skipped_breaks_nothing(committed: Any, vas_purchase: Saga) -> None:
    committed.calls = [call for call in committed.calls if call.step != "notify"]
    committed.states["notify"], committed.statuses["notify"] = "skipped", "absent"

    assert broken(committed, "committed", with_steps(vas_purchase, notify={"when": SKIPS})) == {}


def test_a_step_that_was_skipped_although_its_condition_holds_is_told(committed: Any, vas_purchase: Saga) -> None:
    committed.calls = [call for call in committed.calls if call.step != "notify"]
    committed.states["notify"], committed.statuses["notify"] = "skipped", "absent"

    found = broken(committed, "committed", with_steps(vas_purchase, notify={"when": "{payload.price_minor} > 0"}))

    assert found["I1"] == "notify has no effect although the saga is committed."
    assert found["I10"] == "notify is skipped on record, although its condition holds."


def test_i7_asks_for_the_order_that_was_given_by_hand(compensated: Any, vas_purchase: Saga) -> None:
    by_hand = with_steps(vas_purchase, reserve_money={"undo_after": ()}, create_packages={"undo_after": ("reserve_money",)})
    free = with_steps(vas_purchase, reserve_money={"undo_after": ()})

    assert broken(compensated, "refused-at-apply_vas", by_hand) == {
        "I7": "reserve_money was still being compensated when the compensation of create_packages began."
    }
    assert broken(compensated, "refused-at-apply_vas", free) == {}


def test_i12_tries_that_come_before_the_declared_pause_is_over(exhausted: Any, vas_purchase: Saga) -> None:
    hasty = with_steps(vas_purchase, notify={"backoff": Backoff(first_ms=1000)})
    patient = with_steps(vas_purchase, notify={"backoff": Backoff(first_ms=20)})

    found = broken(exhausted, "no-reply-at-notify", hasty)

    assert set(found) == {"I12"}
    assert found["I12"].startswith(
        "The forward call of notify was sent again after 10 ms; a pause of at least 500 ms is declared."
    )
    assert broken(exhausted, "no-reply-at-notify", patient) == {}


def test_i12_and_i13_an_undoing_has_as_many_tries_as_fit_into_its_time(escalated: Any, vas_purchase: Saga) -> None:
    for _ in range(4):
        escalated.undo("apply_vas", None, fate=Fate.REPLY_LOST)
    backoff = Backoff(first_ms=20, factor=1)
    steps = ("reserve_money", "apply_vas", "create_packages")
    paused = with_steps(vas_purchase, **{name: {"backoff": backoff} for name in steps})

    def within(undo_for_ms: int | None) -> set[str]:
        saga = paused.model_copy(update={"policies": paused.policies.model_copy(update={"undo_for_ms": undo_for_ms})})
        return set(broken(escalated, "undo-fails-at-apply_vas", saga)) & {"I12", "I13"}

    assert within(None) == {"I12", "I13"}
    assert within(10) == {"I12"}
    assert within(10_000) == set()
