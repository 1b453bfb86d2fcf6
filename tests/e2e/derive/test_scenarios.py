import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.saga import Completion, Given, Saga, Step, StepClass
from saga_contracts.errors import UsageError
from saga_e2e.derive.ends import End, is_repeated, may_use_up_the_tries
from saga_e2e.derive.faults import Fault, Kind, Role, on_the_way
from saga_e2e.derive.scenarios import Scenario, Tier, derive, select
from saga_e2e.derive.schedules import can_refuse
from saga_e2e.stage.landscape import reference_landscape

VAS = reference_landscape().saga("vas_purchase")


def named(saga: Saga) -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in derive(saga)}


def test_the_demo_tier_of_the_vas_purchase_shows_one_scenario_of_each_kind() -> None:
    shown = [scenario.name for scenario in select(derive(VAS), tier=Tier.DEMO)]

    assert shown == [
        "committed",
        "refused-at-reserve_money",
        "refused-at-apply_vas",
        "refused-at-create_packages",
        "reply-lost-at-reserve_money",
        "reply-lost-at-apply_vas",
        "reply-lost-at-create_packages",
        "reply-lost-at-notify",
        "no-reply-at-reserve_money",
        "no-reply-at-notify",
    ]


def test_a_saga_in_which_a_step_refuses_by_its_payload_is_started_with_that_payload() -> None:
    def by_payload(step: Step) -> Step:
        given = Given(enough=step.given.enough, refusing_payload={"package": "none"})
        return step.model_copy(update={"given": given}) if step.step == "reserve_money" else step

    found = named(VAS.model_copy(update={"steps": tuple(map(by_payload, VAS.steps))}))
    assert found["refused-at-reserve_money"].payload == (("package", "none"),)
    assert found["refused-at-apply_vas"].payload == found["committed"].payload == ()


def test_each_kind_of_scenario_ends_as_the_catalogue_says() -> None:
    found = named(VAS)

    ends = {name: found[name].expected for name in found}
    assert ends["committed"] == (End.COMMITTED,)
    assert ends["refused-at-apply_vas"] == (End.COMPENSATED,)
    assert ends["reply-lost-at-apply_vas"] == (End.COMMITTED,)
    assert ends["request-lost-at-notify"] == (End.COMMITTED,)
    assert ends["duplicate-at-create_packages"] == (End.COMMITTED,)
    assert ends["no-reply-at-create_packages"] == (End.COMMITTED, End.COMPENSATED)  # where the status is asked
    assert ends["no-reply-at-notify"] == (End.COMMITTED, End.ESCALATED)
    assert ends["late-at-apply_vas"] == (End.COMMITTED,)
    assert ends["late-after-undo-at-apply_vas"] == (End.COMPENSATED,)
    assert ends["no-callback-at-create_packages"] == (End.COMMITTED, End.COMPENSATED)
    assert ends["unreachable-at-reserve_money"] == (End.COMPENSATED,)
    assert ends["undo-reply-lost-at-reserve_money"] == (End.COMPENSATED,)
    assert ends["undo-fails-at-apply_vas"] == (End.ESCALATED,)
    assert ends["participant-dies-at-apply_vas"] == (End.COMMITTED, End.COMPENSATED)
    assert ends["participant-dies-at-notify"] == (End.COMMITTED, End.ESCALATED)
    assert ends["saga-service-dies-at-notify"] == (End.COMMITTED,)


def test_an_undoing_is_caused_by_a_later_step_before_one_that_runs_beside() -> None:
    found = named(VAS)

    assert found["undo-fails-at-reserve_money"].refusing == {"create_packages"}
    assert found["undo-fails-at-apply_vas"].refusing == {"create_packages"}
    assert found["undo-fails-at-create_packages"].refusing == {"apply_vas"}


def test_where_siblings_are_cancelled_only_a_later_step_can_cause_an_undoing() -> None:
    cancelling = VAS.model_copy(update={"policies": VAS.policies.model_copy(update={"siblings_of_failed_step": "cancel"})})

    undone = [name for name in named(cancelling) if name.startswith("undo-fails-at")]

    assert undone == ["undo-fails-at-reserve_money"]


def test_a_saga_finishes_without_an_optional_step(saga_of: Any) -> None:
    found = named(saga_of({"step": "first"}, {"step": "second", "after": ("first",), "optional": True}))

    assert found["refused-at-second"].expected == (End.COMMITTED,)
    assert found["no-reply-at-second"].expected == (End.COMMITTED,)
    assert not any(name.startswith("undo") for name in found)


def test_a_callback_whose_time_is_too_long_for_a_run_is_not_waited_for(saga_of: Any) -> None:
    found = named(saga_of({"step": "slow", "completion": "callback", "callback_timeout_ms": 30_001}))

    assert "no-callback-at-slow" not in found
    assert "callback-lost-at-slow" in found


def test_a_pivot_without_an_answer_is_told_to_the_owner_and_never_undone(saga_of: Any) -> None:
    found = named(saga_of({"step": "first"}, {"step": "decide", "after": ("first",), "step_class": StepClass.PIVOT}))

    assert found["no-reply-at-decide"].expected == (End.COMMITTED, End.ESCALATED)
    assert found["refused-at-decide"].expected == (End.COMPENSATED,)
    assert found["unreachable-at-decide"].expected == (End.COMPENSATED, End.ESCALATED)  # asked and found absent, or not asked
    assert "undo-fails-at-decide" not in found
    assert found["undo-fails-at-first"].refusing == {"decide"}


WITH_STATUS: dict[str, None] = {}
WITHOUT: dict[str, None] = {"status": None}
NO_SECOND_TRY = [  # class, declared, ends when the only reply is lost, ends when the only request is lost
    (StepClass.COMPENSATABLE, WITHOUT, {End.COMPENSATED}, {End.COMPENSATED}),
    (StepClass.COMPENSATABLE, WITH_STATUS, {End.COMPENSATED, End.COMMITTED}, {End.COMPENSATED}),
    (StepClass.PIVOT, WITHOUT, {End.ESCALATED}, {End.ESCALATED}),
    (StepClass.PIVOT, WITH_STATUS, {End.ESCALATED, End.COMMITTED}, {End.ESCALATED, End.COMPENSATED}),
    (StepClass.RETRIABLE, WITHOUT, {End.ESCALATED}, {End.ESCALATED}),
    (StepClass.RETRIABLE, WITH_STATUS, {End.ESCALATED, End.COMMITTED}, {End.ESCALATED}),
]


@pytest.mark.parametrize(("step_class", "declared", "reply_lost", "request_lost"), NO_SECOND_TRY)
def test_with_one_try_no_retry_is_expected(
    saga_of: Any, step_class: StepClass, declared: dict[str, None], reply_lost: set[End], request_lost: set[End]
) -> None:
    found = named(saga_of({"step": "only", "tries": 1, "step_class": step_class, **declared}))

    assert set(found["reply-lost-at-only"].expected) == reply_lost
    assert set(found["request-lost-at-only"].expected) == request_lost
    assert set(found["saga-service-dies-at-only"].expected) == reply_lost | {End.COMMITTED}
    assert "late-at-only" not in found
    assert found["duplicate-at-only"].expected == (End.COMMITTED,)


def test_with_one_try_an_optional_step_never_keeps_the_saga_from_being_committed(saga_of: Any) -> None:
    found = named(saga_of({"step": "only", "tries": 1, "optional": True, "step_class": StepClass.PIVOT}))

    assert found["reply-lost-at-only"].expected == found["request-lost-at-only"].expected == (End.COMMITTED,)


def test_with_one_try_a_compensation_without_an_answer_is_told_to_the_owner_or_asked_for(saga_of: Any) -> None:
    with_status = named(saga_of({"step": "first", "tries": 1}, {"step": "second", "after": ("first",)}))
    without = named(saga_of({"step": "first", "tries": 1, "status": None}, {"step": "second", "after": ("first",)}))

    assert set(with_status["undo-reply-lost-at-first"].expected) == {End.ESCALATED, End.COMPENSATED}
    assert set(without["undo-reply-lost-at-first"].expected) == {End.ESCALATED}


@pytest.mark.parametrize(("tries", "undo_tries", "ends"), [(1, 2, {"compensated"}), (3, 1, {"compensated", "escalated"})])
def test_what_is_expected_of_a_compensation_depends_on_its_own_tries(
    saga_of: Any, tries: int, undo_tries: int, ends: set[str]
) -> None:
    compensate = VAS.step("apply_vas").compensate
    assert compensate is not None
    own = compensate.model_copy(update={"tries": undo_tries})
    found = named(saga_of({"step": "first", "tries": tries, "compensate": own}, {"step": "second", "after": ("first",)}))

    assert set(found["undo-reply-lost-at-first"].expected) == ends
    assert ("late-at-first" in found) == (tries > 1)


def test_a_late_call_after_the_compensation_is_the_only_one_that_arrives(saga_of: Any) -> None:
    once = named(saga_of({"step": "only", "tries": 1}))["late-after-undo-at-only"]
    twice = named(saga_of({"step": "only", "tries": 2}))["late-after-undo-at-only"]

    assert [fault.kind for fault in once.faults] == [Kind.DELAYED]
    assert [(fault.kind, fault.occurrence) for fault in twice.faults] == [(Kind.DELAYED, 1), (Kind.REQUEST_LOST, None)]


def test_scenarios_are_chosen_by_name_in_the_order_of_the_derivation() -> None:
    chosen = select(derive(VAS), tier=Tier.DEMO, names=["undo-fails-at-apply_vas", "committed", "committed"])

    assert [scenario.name for scenario in chosen] == ["committed", "undo-fails-at-apply_vas"]


def test_an_unknown_name_is_wrong_usage_and_the_known_ones_are_told() -> None:
    with pytest.raises(UsageError, match=r"no scenario comitted\. Known: committed, "):
        select(derive(VAS), names=["comitted"])


def test_a_fault_is_told_in_words() -> None:
    assert named(VAS)["no-reply-at-notify"].title == "The reply to the forward call of notify is lost, every time"
    assert named(VAS)["saga-service-dies-at-notify"].title == (
        "The saga service dies before it hears the reply to the forward call of notify, and is started again, once"
    )
    assert named(VAS)["undo-fails-at-apply_vas"].title == (
        "The forward call of create_packages is refused; the compensation of apply_vas is answered 503, every time"
    )
    assert named(VAS)["late-at-notify"].title == "The forward call of notify arrives only after the saga's end, once"
    assert Fault("notify", Role.FORWARD, Kind.REPLY_LOST, 2).text.endswith("is lost, at try 2")


def test_when_no_reply_of_a_callback_step_comes_back_its_callbacks_are_lost_as_well() -> None:
    fault = Fault("create_packages", Role.FORWARD, Kind.REPLY_LOST, None)

    assert on_the_way(VAS, fault) == (fault, Fault("create_packages", Role.CALLBACK, Kind.REQUEST_LOST, None))


@pytest.mark.parametrize(
    "fault",
    [Fault("apply_vas", Role.FORWARD, Kind.REPLY_LOST, None), Fault("create_packages", Role.FORWARD, Kind.REPLY_LOST)],
    ids=["sync step", "once"],
)
def test_any_other_fault_is_made_by_itself(fault: Fault) -> None:
    assert on_the_way(VAS, fault) == (fault,)


def test_a_refusal_needs_nothing_on_the_way() -> None:
    assert on_the_way(VAS, Fault("apply_vas", Role.FORWARD, Kind.REFUSED)) == ()


@st.composite
def sagas(draw: st.DrawFn) -> Saga:
    """Sagas with steps in any order that the file's rules allow."""
    classes = [StepClass.COMPENSATABLE] * draw(st.integers(1, 4))
    classes += [StepClass.PIVOT] * draw(st.integers(0, 1)) + [StepClass.RETRIABLE] * draw(st.integers(0, 2))
    steps = []
    for index, step_class in enumerate(classes):
        like = VAS.step("create_packages" if draw(st.booleans()) else "apply_vas")
        earlier = [f"s{number}" for number in range(index)]
        refusing = like.given.refusing if step_class != StepClass.RETRIABLE and draw(st.booleans()) else ()
        steps.append(
            like.model_copy(
                update={
                    "step": f"s{index}",
                    "step_class": step_class,
                    "after": tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else (),
                    "optional": draw(st.booleans()),
                    "tries": draw(st.integers(1, 3)),
                    "status": like.status if draw(st.booleans()) else None,
                    "given": Given(enough=like.given.enough, refusing=refusing),
                    "compensate": like.compensate if step_class == StepClass.COMPENSATABLE else None,
                }
            )
        )
    policies = VAS.policies.model_copy(update={"siblings_of_failed_step": draw(st.sampled_from(["wait", "cancel"]))})
    return VAS.model_copy(update={"steps": tuple(steps), "policies": policies})


@settings(max_examples=times(25), deadline=None)
@given(sagas())
def test_the_derivation_is_the_same_every_time_and_every_name_is_unique_and_fit_for_a_url(saga: Saga) -> None:
    first, second = derive(saga), derive(saga.model_copy())

    assert first == second
    names = [scenario.name for scenario in first]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_-]+", name) for name in names)


@settings(max_examples=times(25), deadline=None)
@given(sagas())
def test_every_step_meets_every_fault_that_its_class_allows(saga: Saga) -> None:
    found = named(saga)

    for step in saga.steps:
        assert {f"{kind}-at-{step.step}" for kind in ("reply-lost", "no-reply", "request-lost", "duplicate")} <= set(found)
        assert (f"refused-at-{step.step}" in found) == can_refuse(step)
        assert f"unreachable-at-{step.step}" in found
        assert (f"late-after-undo-at-{step.step}" in found) == (step.step_class == StepClass.COMPENSATABLE)
        for fault in ("lost", "duplicate", "late"):
            assert (f"callback-{fault}-at-{step.step}" in found) == (step.completion == Completion.CALLBACK)
        assert (f"late-at-{step.step}" in found) == is_repeated(step, Role.FORWARD)


@settings(max_examples=times(25), deadline=None)
@given(sagas())
def test_a_fault_at_a_compensation_has_a_cause_that_makes_the_step_undone(saga: Saga) -> None:
    for scenario in derive(saga):
        for fault in scenario.faults:
            if fault.role == Role.COMPENSATE:
                (cause,) = scenario.refusing
                assert saga.step(fault.step).step_class == StepClass.COMPENSATABLE
                assert can_refuse(saga.step(cause))
                assert not saga.step(cause).optional
                assert cause != fault.step
                assert cause not in saga.ancestors(fault.step)


@settings(max_examples=times(25), deadline=None)
@given(sagas())
def test_only_a_fault_that_may_outlast_the_tries_escalates_and_nothing_is_undone_because_of_a_step_that_only_goes_forward(
    saga: Saga,
) -> None:
    for scenario in [one for one in derive(saga) if one.sagas == 1 and not one.checked]:
        if End.ESCALATED in scenario.expected:
            assert any(may_use_up_the_tries(saga.step(fault.step), fault) or fault.crashes for fault in scenario.faults)
        if End.COMPENSATED in scenario.expected:
            causes = [saga.step(fault.step) for fault in scenario.faults if fault.role != Role.COMPENSATE]
            crashes = any(fault.crashes for fault in scenario.faults)  # that may cost what runs beside its only try
            assert crashes or any(step.step_class != StepClass.RETRIABLE and not step.optional for step in causes)


@settings(max_examples=times(25), deadline=None)
@given(sagas())
def test_every_tier_has_the_run_without_a_fault_and_nightly_plays_all(saga: Saga) -> None:
    everything = derive(saga)

    demo = select(everything, tier=Tier.DEMO)
    assert demo[0].name == "committed"
    assert set(demo) <= set(everything)
    assert select(everything) == everything


PIVOT: list[tuple[str | None, set[End], set[End]]] = [  # policy, ends when no reply comes, ends when the only request is lost
    (None, {End.ESCALATED, End.COMMITTED}, {End.ESCALATED, End.COMPENSATED}),
    ("forward", {End.ESCALATED}, {End.ESCALATED}),
    ("ask_then_forward", {End.COMMITTED}, {End.ESCALATED, End.COMPENSATED}),
]


@pytest.mark.parametrize(("policy", "no_reply", "request_lost"), PIVOT)
def test_what_is_done_with_an_uncertain_pivot_decides_how_the_saga_may_end(
    saga_of: Any, policy: str | None, no_reply: set[End], request_lost: set[End]
) -> None:
    steps = {"step": "first"}, {"step": "decide", "after": ("first",), "step_class": StepClass.PIVOT, "tries": 1}
    found = named(saga_of(*steps, policies={"uncertain_pivot": policy}))

    assert set(found["no-reply-at-decide"].expected) == no_reply
    assert set(found["request-lost-at-decide"].expected) == request_lost


def test_both_branches_of_a_condition_have_scenarios(saga_of: Any) -> None:
    conditional = {"step": "extra", "after": ("first",), "when": "{payload.price_minor} > 100", "otherwise": {"price_minor": 1}}
    found = named(saga_of({"step": "first"}, conditional, {"step": "last", "after": ("extra",)}))

    assert "refused-at-extra" in found
    assert (found["skipped-extra"].payload, found["skipped-extra"].expected) == ((("price_minor", 1),), (End.COMMITTED,))
    refused = found["skipped-extra-refused-at-last"]
    assert refused.refusing == {"last"}
    assert (refused.expected, refused.payload) == ((End.COMPENSATED,), (("price_minor", 1),))


def test_the_end_of_a_sagas_time_has_a_scenario_where_slow_replies_can_bring_it_about(saga_of: Any) -> None:
    steps = {"step": "first", "timeout_ms": 1000}, {"step": "second", "after": ("first",), "timeout_ms": 1000}
    short = saga_of(*steps, {"step": "last", "after": ("second",)}).model_copy(update={"timeout_ms": 900})
    long = short.model_copy(update={"timeout_ms": 60_000})

    found = named(short)["out-of-time-at-second"]
    assert [(fault.step, fault.kind, fault.lasts_ms) for fault in found.faults] == [
        ("first", Kind.SLOW, 600),
        ("second", Kind.SLOW, 600),
    ]
    assert found.expected == (End.COMPENSATED,)
    assert not any(name.startswith("out-of-time") for name in named(long))
