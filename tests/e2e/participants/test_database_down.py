"""PostgreSQL goes down under running participants and comes back: they say so meanwhile, and recover by themselves."""

import json
from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.slow
RESERVATION = {"account_id": "account", "order_id": "order", "amount_minor": 1}
UNAVAILABLE = (503, "unavailable")


@pytest.fixture(scope="module")
def billing(start_on_stoppable: Any) -> Any:
    billing = start_on_stoppable("billing")
    billing.state("an account holds", account_id="account", available_minor=1000)
    return billing


def reserve(billing: Any, key: str) -> tuple[int, Any]:
    result: tuple[int, Any] = billing.call("POST", "/reservations", key, RESERVATION)
    return result


def refusal(service: Any, *call: Any) -> tuple[int, Any]:
    status, reply = service.call(*call)
    return status, reply["error"]


def test_while_postgresql_is_down_every_call_is_answered_503_and_afterwards_as_before(stoppable: Any, billing: Any) -> None:
    before, early = (billing.call("GET", "/accounts/account")[1]["held_minor"], reserve(billing, "early"))
    calls: list[tuple[Any, ...]] = [
        ("GET", "/health"),
        ("POST", "/reservations", "early", RESERVATION),
        ("POST", "/reservations", "meanwhile", RESERVATION),
        ("POST", "/reservations/cancel", "early"),
        ("GET", "/reservations/status", "early"),
        ("GET", "/accounts/account"),
    ]

    with stoppable.down():
        assert [refusal(billing, *call) for call in calls * 2] == [UNAVAILABLE] * 12

    assert billing.call("GET", "/health")[0] == 200
    assert reserve(billing, "early") == (200, early[1])
    assert billing.call("GET", "/reservations/status", "meanwhile") == (200, {"state": "absent"})
    assert reserve(billing, "meanwhile")[0] == 201
    assert billing.call("GET", "/accounts/account")[1]["held_minor"] == before + 2


def test_a_restart_of_postgresql_between_two_calls_is_not_noticed(stoppable: Any, billing: Any, together: Any) -> None:
    statuses = {status for status, _ in together(*[lambda n=n: reserve(billing, f"before-{n}") for n in range(8)])}
    with stoppable.down():
        pass
    statuses |= {status for status, _ in together(*[lambda n=n: reserve(billing, f"after-{n}") for n in range(8)])}
    assert statuses == {201}


def test_a_call_whose_transaction_breaks_has_no_effect_and_may_come_again(
    stoppable: Any, billing: Any, together: Any, wait_until: Any
) -> None:
    url = billing.extra["DATABASE_URL"].replace("+psycopg", "")
    with ExitStack() as stack:
        looking, holding = (stack.enter_context(closing(psycopg.connect(url, autocommit=yes))) for yes in (True, False))
        holding.execute("SELECT * FROM accounts FOR UPDATE")

        def stop_when_it_waits() -> None:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            wait_until(lambda: looking.execute(waits).fetchone() == (1,))
            stack.enter_context(stoppable.down())

        broken, _ = together(lambda: reserve(billing, "broken"), stop_when_it_waits)
    assert (broken[0], broken[1]["error"]) == UNAVAILABLE

    assert billing.call("GET", "/reservations/status", "broken") == (200, {"state": "absent"})
    assert reserve(billing, "broken")[0] == 201


def test_orders_and_callbacks_that_were_open_when_postgresql_went_down_are_done_when_it_is_back(
    stoppable: Any, start_on_stoppable: Any, receiver: Any, wait_until: Any
) -> None:
    packages = start_on_stoppable("vas_packages", WORK_MS="500")
    packages.state("a package is on sale", user_id="user", package="highlight", on_sale=True)
    receiver.answers[:] = [503] * 1000

    def order(key: str) -> int:
        body = {"user_id": "user", "package": "highlight", "callback_url": f"{receiver.url}/{key}"}
        return int(packages.call("PUT", f"/package-orders/{key}", body=body)[0])

    assert order("made") == 202
    assert receiver.next()[0] == "/made"
    assert order("accepted") == 202
    with stoppable.down():
        assert refusal(packages, "GET", "/health") == UNAVAILABLE
        receiver.answers.clear()

    told: dict[str, str] = {}
    wait_until(lambda: told.update([outcome(receiver)]) or len(told) == 2)
    assert told == {"made": "done", "accepted": "done"}
    assert packages.call("GET", "/users/user/packages") == (200, {"packages": ["highlight", "highlight"]})


def outcome(receiver: Any) -> tuple[str, str]:
    body = json.loads(receiver.next()[2])
    return body["key"], body["outcome"]
