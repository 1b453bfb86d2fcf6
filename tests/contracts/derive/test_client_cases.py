from collections.abc import Callable
from typing import Any

from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive import cases, client_cases
from saga_contracts.derive.cases import WHOLE, Role
from saga_contracts.derive.client_cases import Kind

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


def names(saga: Saga, step: str) -> set[str]:
    return {case.name.split("/", 2)[2] for case in client_cases.derive(saga) if case.step == step}


def test_every_call_of_a_step_has_its_client_only_cases(vas: Saga) -> None:
    found = names(vas, "reserve_money")
    assert len(found) == 19
    assert {"forward/no_answer", "forward/retried", "forward/refused_once", "compensate/retried", "status/failing"} <= found


def test_a_step_with_one_try_is_not_asked_to_be_repeated(make_step: Make, make_saga: MakeSaga) -> None:
    assert not {name for name in names(make_saga(make_step("a", tries=1)), "a") if "retried" in name or "once" in name}


def test_declared_replies_that_come_and_go_are_the_clients_business_only(
    make_step: Make, make_calling_back: Make, make_saga: MakeSaga
) -> None:
    one = make_calling_back(make_step("a"))
    one["forward"]["replies"]["retryable"] = {"status": 420}
    one["compensate"]["replies"]["impossible"] = {"status": 409}
    found = names(make_saga(one), "a")
    assert {"forward/also_retryable", "compensate/also_impossible", "status/also_in_progress"} <= found
    assert "forward/also_in_progress" not in found


def test_a_client_is_shown_every_declared_reply_that_no_contract_demands(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["compensate"]["replies"] = {"done": {"status": 200}, "null": {"status": 404}}
    saga = make_saga(one)
    demanded = {case.name.split("/", 2)[2] for case in cases.derive(saga)}

    assert "compensate/null" in demanded  # the file says what nothing to undo is answered
    assert {"compensate/after_refusal", "compensate/done_again"}.isdisjoint(demanded)  # both replies are right: the deck decides
    shown = [(one.role, one.answers[0]) for one in client_cases.derive(saga) if one.kind == Kind.ALSO]
    shown += [(case.role, case.reply) for case in cases.derive(saga) if case.reply is not None]
    step = saga.step("a")
    assert step.compensate is not None
    assert step.compensate.replies.null is not None
    assert (Role.COMPENSATE, step.compensate.replies.done[0]) in shown
    assert (Role.COMPENSATE, step.compensate.replies.null[0]) in shown


def test_of_several_replies_the_first_is_demanded_and_a_client_is_shown_each_of_the_others(
    make_step: Make, make_saga: MakeSaga
) -> None:
    one = make_step("a")
    one["forward"]["replies"]["refused"] = [{"status": 402}, {"status": 404}, {"status": 400}]
    one["status"]["replies"]["applied"] = [{"status": 200, "body": {"state": word}} for word in ("authorised", "captured")]
    saga = make_saga(one)
    demanded = {case.name.split("/", 2)[2]: case.reply for case in cases.derive(saga)}
    assert demanded["forward/refused"] == demanded["forward/refused_again"] == Reply(status=402)
    assert demanded["status/applied"] == Reply(status=200, body={"state": "authorised"})

    shown = {case.name.split("/", 2)[2]: (case.answers, case.outcome) for case in client_cases.derive(saga)}
    assert shown["forward/also_refused_2"] == ((Reply(status=404),), "refused")
    assert shown["forward/also_refused_3"] == ((Reply(status=400),), "refused")
    assert shown["status/also_applied_2"] == ((Reply(status=200, body={"state": "captured"}),), "applied")
    assert "forward/also_refused" not in shown


def test_names_never_meet_those_of_the_contracts(vas: Saga) -> None:
    alone = {case.name for case in client_cases.derive(vas)}
    assert len(alone) == len(client_cases.derive(vas))
    assert not alone & {case.name for case in cases.derive(vas)}


def test_an_undeclared_status_is_one_that_the_file_does_not_declare(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["forward"]["replies"]["retryable"] = {"status": 418}
    for case in client_cases.derive(make_saga(one)):
        if case.kind == Kind.UNDECLARED and case.role == Role.FORWARD:
            assert case.answers == (Reply(status=421),)


def test_creation_and_notification_are_messages_of_their_caller(vas: Saga) -> None:
    found = {case.name: case for case in cases.derive_messages(vas)}
    started = found[f"vas_purchase/{WHOLE}/creation/started"]
    assert (started.participant, started.consumer) == ("vas_owner", None)
    told = found[f"vas_purchase/{WHOLE}/notification/compensation_failed"]
    assert (told.participant, told.consumer) == ("saga_service", "vas_owner")
    assert told.message["event"] == "compensation_failed"
    assert set(found) == {started.name, told.name, f"vas_purchase/{WHOLE}/notification/step_exhausted"}


def test_an_owner_that_makes_the_calls_itself_has_no_such_messages(make_step: Make, make_saga: MakeSaga) -> None:
    assert cases.derive_messages(make_saga(make_step("a"))) == ()
