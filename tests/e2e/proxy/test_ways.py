"""The kinds of fault besides the plainest: copies at once, failing afterwards, cuts, pauses, kills, late and foreign calls."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S, wait_until
from saga_contracts.declare.saga import Saga
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.proxy.server import FaultProxy
from saga_e2e.proxy.trace import Fate

CANCEL = "/billing/reservations/cancel"
CALLBACK = "/saga_service/callbacks/saga-7:create_packages"
TOLD = {"key": "saga-7:create_packages", "outcome": "done"}


@dataclass
class Hands:
    """Notes what is done to services."""

    killed: list[str] = field(default_factory=list)
    still: list[tuple[str, int]] = field(default_factory=list)

    def restart(self, name: str) -> None:
        self.killed.append(name)

    def stand_still(self, name: str, ms: int) -> None:
        self.still.append((name, ms))
        time.sleep(ms / 1000)


def fault(kind: Kind, occurrence: int | None = 1, role: Role = Role.FORWARD, **more: Any) -> Fault:
    return Fault("reserve_money", role, kind, occurrence, **more)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def proxy(saga: Saga, upstream: Any, hands: Hands) -> Any:
    with FaultProxy(saga, restart=hands.restart, still=hands.stand_still) as made:
        for name in ("billing", "vas_packages", "saga_service", "vas_owner"):
            made.route(name, upstream.base_url)
        yield made


def fates(proxy: FaultProxy) -> list[Fate]:
    return [call.fate for call in proxy.trace("saga-7")]


def undo(http: httpx.Client) -> httpx.Response:
    headers = {"Saga-Id": "saga-7", "Saga-Step": "reserve_money", "Idempotency-Key": "saga-7:reserve_money"}
    return http.post(CANCEL, headers=headers)


def test_two_copies_are_under_way_at_the_same_time(
    proxy: FaultProxy, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    met, answer = threading.Barrier(2), upstream.answer

    def answer_when_both_are_there(received: Any) -> Any:
        met.wait(PATIENCE_S)
        return answer(received)

    upstream.answer = answer_when_both_are_there
    proxy.open("saga-7", [fault(Kind.OVERLAPPED)])

    assert reserve().status_code == 201
    (call,) = proxy.trace("saga-7")
    assert (call.arrivals, len(call.replies), call.heard) == (2, 2, "done")


def test_a_call_that_fails_afterwards_has_its_effect_and_is_answered_500(
    proxy: FaultProxy, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", [fault(Kind.FAILS_AFTER)])

    assert reserve().status_code == 500
    assert upstream.effects == 1
    (call,) = proxy.trace("saga-7")
    assert (call.fate, call.outcome, call.heard, call.arrivals) == (Fate.FAILS_AFTER, "done", None, 1)


def test_while_it_is_cut_no_call_of_its_kind_gets_through_and_others_do(
    proxy: FaultProxy, http: httpx.Client, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", [fault(Kind.CUT, lasts_ms=60_000)])

    for _ in range(3):
        with pytest.raises(httpx.TransportError):
            reserve()
    undo(http)

    assert fates(proxy) == [*[Fate.REQUEST_LOST] * 3, Fate.OK]
    assert upstream.effects == 1


def test_a_cut_is_over_after_its_time(proxy: FaultProxy, reserve: Callable[[], httpx.Response]) -> None:
    proxy.open("saga-7", [fault(Kind.CUT, lasts_ms=1)])
    with pytest.raises(httpx.TransportError):
        reserve()
    time.sleep(0.01)  # longer than the cut lasts

    assert reserve().status_code == 201


def test_a_receiver_stands_still_while_the_call_is_under_way(
    proxy: FaultProxy, hands: Hands, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", [fault(Kind.PAUSED, lasts_ms=30)])
    began_ms = proxy.now_ms()

    assert reserve().status_code == 201
    assert hands.still == [("billing", 30)]
    assert proxy.trace("saga-7")[0].ended_ms - began_ms >= 30


KILLS = [  # kind, who is killed, what arrives, what its caller gets
    (Kind.RECEIVER_DIES_BEFORE, "billing", 0, None),
    (Kind.RECEIVER_DIES_WITHIN, "billing", 1, None),
    (Kind.RECEIVER_DIES, "billing", 1, None),
    (Kind.CALLER_DIES_BEFORE_SEND, "saga_service", 0, None),
    (Kind.CALLER_DIES, "saga_service", 1, None),
    (Kind.CALLER_DIES_AFTER_REPLY, "saga_service", 1, 201),
    (Kind.CALLER_DIES_AFTER_RECORD, "saga_service", 1, 201),
]


@pytest.mark.parametrize(("kind", "killed", "arrives", "status"), KILLS, ids=[row[0].value for row in KILLS])
def test_a_service_is_killed_at_its_point(
    proxy: FaultProxy,
    hands: Hands,
    upstream: Any,
    reserve: Callable[[], httpx.Response],
    kind: Kind,
    killed: str,
    arrives: int,
    status: int | None,
) -> None:
    proxy.open("saga-7", [fault(kind)])

    if status is None:
        with pytest.raises(httpx.TransportError):
            reserve()
    else:
        assert reserve().status_code == status
    wait_until(lambda: bool(hands.killed))

    assert hands.killed == [killed]
    assert upstream.effects == arrives


def test_an_orchestrator_that_dies_after_its_record_dies_with_the_next_call_which_does_not_get_through(
    proxy: FaultProxy, http: httpx.Client, hands: Hands, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", [fault(Kind.CALLER_DIES_AFTER_RECORD)])
    reserve()
    assert proxy.under_way("saga-7") == 1  # the kill is still to come

    undo(http)  # here its caller lives on, so that it gets through afterwards

    wait_until(lambda: proxy.under_way("saga-7") == 0)
    assert hands.killed == ["saga_service"]
    assert upstream.effects == 2


def test_a_late_call_arrives_right_after_the_compensation_of_its_step(
    proxy: FaultProxy, http: httpx.Client, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", [fault(Kind.LATE_AFTER_UNDO)])
    with pytest.raises(httpx.TransportError):
        reserve()
    assert upstream.effects == 0
    upstream.status, upstream.body = 200, b'{"state": "cancelled"}'

    assert undo(http).status_code == 200

    wait_until(lambda: len(proxy.trace("saga-7")) == 2)
    assert [(call.role, call.fate) for call in proxy.trace("saga-7")] == [
        (Role.COMPENSATE, Fate.OK),
        (Role.FORWARD, Fate.DELAYED),
    ]
    assert [received.target for received in upstream.got] == ["/reservations/cancel", "/reservations"]


def test_an_early_callback_is_taken_before_the_reply_to_the_forward_call(
    proxy: FaultProxy, http: httpx.Client, saga: Saga, upstream: Any
) -> None:
    proxy.open("saga-7", [Fault("create_packages", Role.CALLBACK, Kind.EARLY)])
    step, upstream.status = saga.step("create_packages"), 202
    headers = {"Saga-Id": "saga-7", "Saga-Step": "create_packages", "Idempotency-Key": "saga-7:create_packages"}
    path = f"/vas_packages{step.forward.request.path.replace('{key}', 'saga-7:create_packages')}"

    with ThreadPoolExecutor(1) as threads:
        reply = threads.submit(http.request, step.forward.request.method, path, headers=headers, json={})
        wait_until(lambda: upstream.effects == 1)
        http.post(CALLBACK, json=TOLD)
        assert reply.result().status_code == 202

    ended = {call.role: call.ended_ms for call in proxy.trace("saga-7")}
    assert ended[Role.CALLBACK] <= ended[Role.FORWARD]


def test_before_a_callback_comes_one_that_belongs_to_nobody(proxy: FaultProxy, http: httpx.Client, upstream: Any) -> None:
    proxy.open("saga-7", [Fault("create_packages", Role.CALLBACK, Kind.FOREIGN)])
    upstream.status, upstream.body = 204, b""

    assert http.post(CALLBACK, json=TOLD).status_code == 204

    foreign, own = upstream.got
    assert own.target == "/callbacks/saga-7:create_packages"
    assert foreign.target.startswith("/callbacks/")
    assert "saga-7" not in foreign.target + foreign.body.decode()
    (call,) = proxy.trace("saga-7")
    assert (len(call.replies), [one.status for one in call.beside]) == (1, [204])


def test_a_saga_stands_still_behind_a_step_until_it_goes_on(
    proxy: FaultProxy, http: httpx.Client, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7", stops_after="reserve_money")
    reserve()
    assert proxy.stops("saga-7")

    with ThreadPoolExecutor(1) as threads:
        following = threads.submit(undo, http)
        time.sleep(0.05)  # nothing can be awaited: the point is that nothing happens
        assert upstream.effects == 1
        proxy.go_on("saga-7")
        following.result()
    assert upstream.effects == 2


def test_calls_of_a_service_that_is_down_wait_until_it_is_up(
    proxy: FaultProxy, upstream: Any, reserve: Callable[[], httpx.Response]
) -> None:
    proxy.open("saga-7")
    with ThreadPoolExecutor(1) as threads:
        with proxy.while_down("billing"):
            waiting = threads.submit(reserve)
            time.sleep(0.05)  # nothing can be awaited: the point is that nothing happens
            assert upstream.effects == 0
        assert waiting.result().status_code == 201


def test_a_call_whose_caller_gives_up_while_its_receiver_is_down_is_on_record_as_one_that_never_arrived(
    proxy: FaultProxy, upstream: Any, reserve: Callable[..., httpx.Response], http: httpx.Client
) -> None:
    proxy.open("saga-7")
    http.timeout = httpx.Timeout(0.05)
    with proxy.while_down("billing"), pytest.raises(httpx.TimeoutException):
        reserve()
    wait_until(lambda: fates(proxy))
    assert (fates(proxy), upstream.effects) == ([Fate.REQUEST_LOST], 0)
