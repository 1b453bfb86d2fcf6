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
    assert {"forward/busy", "compensate/impossible", "status/still_running"} <= found
    assert "forward/still_running" not in found


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
