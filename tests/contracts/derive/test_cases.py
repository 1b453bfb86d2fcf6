import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare import templates
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive import cases
from saga_contracts.derive.cases import Case, Role
from saga_contracts.derive.examples import example_context, generator_context
from saga_contracts.derive.slices import step_slice
from saga_contracts.wire.replies import compensate_outcome, example_of, forward_outcome, status_outcome

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


def names(found: tuple[Case, ...], step: str) -> list[str]:
    return [case.name.split("/", 2)[2] for case in found if case.step == step]


def case_named(saga: Saga, name: str) -> Case:
    return next(case for case in cases.derive(saga) if case.name == name)


def test_a_compensatable_step_has_a_case_for_each_reply_in_each_state(vas: Saga) -> None:
    assert names(cases.derive(vas), "reserve_money") == [
        "forward/done",
        "forward/done_again",
        "forward/refused",
        "forward/refused_again",
        "forward/suspended",
        "forward/misused",
        "compensate/done",
        "compensate/done_again",
        "compensate/null",
        "compensate/after_refusal",
        "status/absent",
        "status/applied",
        "status/refused",
        "status/compensated",
        "status/null_compensated",
    ]


def test_a_callback_step_has_its_acceptance_and_a_message_for_each_outcome(vas: Saga) -> None:
    found = names(cases.derive(vas), "create_packages")
    assert "forward/in_progress" in found
    assert "forward/done" not in found
    assert {"callback/done", "callback/refused"} <= set(found)


def test_a_retriable_step_is_neither_refused_nor_undone(vas: Saga) -> None:
    found = names(cases.derive(vas), "notify")
    assert found == ["forward/done", "forward/done_again", "forward/misused", "status/absent", "status/applied"]


def test_names_are_unique_and_well_formed(vas: Saga) -> None:
    counted = Counter(case.name for case in cases.derive(vas))
    assert set(counted.values()) == {1}
    assert all(re.fullmatch(r"vas_purchase/[a-z_]+/(forward|compensate|status|callback)/[a-z_]+", name) for name in counted)


def test_the_state_of_the_step_is_reached_by_calls_and_the_domain_by_the_participants_own_words(vas: Saga) -> None:
    case = case_named(vas, "vas_purchase/reserve_money/compensate/done_again")
    assert [state.state for state in case.states] == [
        "a fresh step key for vas_purchase/reserve_money",
        "an account holds",
        "vas_purchase/reserve_money arrived: F C",
    ]
    assert case.states[1].params == {"account_id": "account-1", "available_minor": 49900}


def test_a_refusal_is_reached_under_the_refusing_precondition(vas: Saga) -> None:
    refused = case_named(vas, "vas_purchase/reserve_money/forward/refused")
    assert refused.states[1].params["available_minor"] == 0
    sticky = case_named(vas, "vas_purchase/create_packages/status/refused")
    assert sticky.states[-1].params["word"] == "F X"
    assert sticky.states[1].params["on_sale"] is False


def test_only_the_first_forward_case_of_a_step_carries_its_slice(vas: Saga) -> None:
    carrying = {case.name: case.slice for case in cases.derive(vas) if case.slice is not None}
    assert set(carrying) == {
        "vas_purchase/reserve_money/forward/done",
        "vas_purchase/apply_vas/forward/done",
        "vas_purchase/create_packages/forward/in_progress",
        "vas_purchase/notify/forward/done",
    }
    assert all(slice_ == step_slice(vas, name.split("/")[1]) for name, slice_ in carrying.items())


def test_every_case_names_known_obligations(vas: Saga) -> None:
    assert all(case.obligations and set(case.obligations) <= set(CATALOGUE) for case in cases.derive(vas))


def test_the_outcome_of_every_case_is_what_its_reply_means(vas: Saga) -> None:
    reads: dict[Role, Any] = {Role.FORWARD: forward_outcome, Role.COMPENSATE: compensate_outcome, Role.STATUS: status_outcome}
    for case in cases.derive(vas):
        if case.reply is None:
            continue
        step = vas.step(case.step)
        context = example_context(vas, step)
        assert reads[case.role](step, example_of(case.reply, context), context).value == case.outcome, case.name


def test_fresh_values_take_the_place_of_examples_in_a_verifier(vas: Saga) -> None:
    step = vas.step("reserve_money")
    example, fresh = example_context(vas, step), generator_context(vas, step)
    assert templates.fill("{key} {payload.account_id} {payload.package}", example) == "saga-1:reserve_money account-1 highlight"
    assert templates.fill("{key} {payload.account_id} {payload.package}", fresh) == "${stepKey} ${account_id} highlight"


def test_outputs_of_earlier_steps_stand_in_the_examples(make_step: Make, make_saga: MakeSaga) -> None:
    first, second = make_step("a"), make_step("b", after=["a"])
    first["forward"]["outputs"] = {"made_id": "/id"}
    second["forward"]["request"]["body"]["of"] = "{outputs.a.made_id}"
    saga = make_saga(first, second)
    assert example_context(saga, saga.step("b"))["outputs"] == {"a": {"made_id": "id-1"}}


def test_a_call_that_has_to_be_tried_again_is_a_case_where_its_reply_is_declared(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["given"]["retryable"] = [{"state": "the line is cut"}]
    assert "sale/a/forward/retryable" not in {case.name for case in cases.derive(make_saga(one))}  # 503, 429, …: not one reply
    one["forward"]["replies"]["retryable"] = {"status": 409, "headers": {"Retry-After": "1"}}
    [case] = [case for case in cases.derive(make_saga(one)) if case.name == "sale/a/forward/retryable"]
    assert [state.state for state in case.states] == ["a fresh step key for sale/a", "the line is cut"]
    assert (case.outcome, case.reply) == ("retryable", Reply(status=409, headers={"Retry-After": "1"}))


def test_a_refusal_by_payload_is_called_with_that_payload_under_enough(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a", given={"enough": [{"state": "there is enough", "params": {"of": "{payload.amount}"}}]})
    one["forward"]["request"]["body"]["amount"] = "{payload.amount}"
    one["given"]["refusing_payload"] = {"amount": 1_000_000}
    saga = make_saga(one)
    found = {case.name.removeprefix("sale/a/"): case for case in cases.derive(saga)}
    refused = {name for name, case in found.items() if case.fields}
    assert refused == {"forward/refused", "forward/refused_again", "compensate/after_refusal", "status/refused"}
    case = found["forward/refused"]
    assert case.states[0].params["payload"] == "refused"
    assert case.states[1].params == {"of": 1_000_000}
    assert case.called_in(saga).payload.example["amount"] == 1_000_000
    assert found["forward/done"].called_in(saga) is saga


@given(status=st.booleans(), refusing=st.booleans(), suspended=st.booleans(), misused=st.booleans(), callback=st.booleans())
@settings(max_examples=times(40), deadline=None)
def test_cases_are_deterministic_and_never_empty(
    make_step: Make,
    make_saga: MakeSaga,
    make_calling_back: Make,
    *,
    status: bool,
    refusing: bool,
    suspended: bool,
    misused: bool,
    callback: bool,
) -> None:
    one = make_step("a")
    if callback:
        one = make_calling_back(one)
    if not status:
        del one["status"]
    if not refusing:
        del one["given"]["refusing"]
    if not suspended:
        del one["forward"]["replies"]["suspended"]
    if not misused:
        del one["forward"]["replies"]["misused"]
    saga = make_saga(one)
    found = cases.derive(saga)
    assert found
    assert found == cases.derive(saga)
    assert len({case.name for case in found}) == len(found)
    assert {"forward/misused", "compensate/null", "compensate/done"} <= set(names(found, "a"))
