import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S, wait_until
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.proxy import upstream as passing
from saga_e2e.proxy.server import FaultProxy
from saga_e2e.proxy.trace import Asked, Fate

CANCEL = "/billing/reservations/cancel"


def fault(kind: Kind, occurrence: int | None = 1, role: Role = Role.FORWARD) -> Fault:
    return Fault("reserve_money", role, kind, occurrence)


def hits(proxy: FaultProxy, saga_id: str = "saga-7") -> int:
    return sum(call.met is not None for call in proxy.trace(saga_id))


def fates(proxy: FaultProxy, saga_id: str = "saga-7") -> list[Fate]:
    return [call.fate for call in proxy.trace(saga_id)]


def test_a_call_passes_unchanged_and_so_does_its_reply(http: httpx.Client, upstream: Any) -> None:
    upstream.status, upstream.body, upstream.headers = 418, b"\x00caf\xc3\xa9", {"X-Reply": "yes", "Content-Type": "text/x"}

    reply = http.request("PUT", "/user_service/users/a%2Fb%3Ac/x?q=1%262&q=3", headers={"X-Asked": "really"}, content=b"\xffbody")

    (got,) = upstream.got
    assert (got.method, got.target, got.body) == ("PUT", "/users/a%2Fb%3Ac/x?q=1%262&q=3", b"\xffbody")
    assert got.headers["x-asked"] == "really"
    assert got.headers["host"] == upstream.base_url.removeprefix("http://")
    assert (reply.status_code, reply.content) == (418, b"\x00caf\xc3\xa9")
    assert (reply.headers["X-Reply"], reply.headers["Content-Type"]) == ("yes", "text/x")


def test_a_lost_request_has_no_effect_and_the_caller_sees_a_cut_connection(
    proxy: FaultProxy, upstream: Any, reserve: Any
) -> None:
    proxy.open("saga-7", [fault(Kind.REQUEST_LOST)])

    with pytest.raises(httpx.TransportError):
        reserve()

    assert upstream.effects == 0
    assert reserve().status_code == 201
    assert fates(proxy) == [Fate.REQUEST_LOST, Fate.OK]
    assert [call.status for call in proxy.trace("saga-7")] == [None, 201]


def test_a_lost_reply_leaves_the_effect_and_the_caller_sees_a_cut_connection(
    proxy: FaultProxy, upstream: Any, reserve: Any
) -> None:
    proxy.open("saga-7", [fault(Kind.REPLY_LOST)])

    with pytest.raises(httpx.TransportError):
        reserve()

    assert upstream.effects == 1
    (lost,) = proxy.trace("saga-7")
    assert (lost.fate, lost.status, lost.outcome, lost.arrivals) == (Fate.REPLY_LOST, 201, "done", 1)


def test_a_duplicate_arrives_twice_and_the_first_reply_comes_back(proxy: FaultProxy, upstream: Any, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.DUPLICATED)])

    reply = reserve()

    assert upstream.effects == 2
    assert upstream.got[0].body == upstream.got[1].body
    assert reply.json()["reservation_id"] == "r-1"
    (call,) = proxy.trace("saga-7")
    assert (call.arrivals, call.heard) == (2, "done")
    assert [one.body["reservation_id"] for one in call.replies] == ["r-1", "r-2"]


def test_an_unavailable_participant_is_never_reached(proxy: FaultProxy, upstream: Any, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.UNAVAILABLE)])

    assert reserve().status_code == 503
    assert upstream.effects == 0
    assert fates(proxy) == [Fate.UNAVAILABLE]


def test_a_delayed_call_is_cut_and_arrives_when_it_is_delivered(proxy: FaultProxy, upstream: Any, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.DELAYED)])

    with pytest.raises(httpx.TransportError):
        reserve()
    assert (upstream.effects, proxy.under_way("saga-7"), proxy.trace("saga-7")) == (0, 0, ())
    assert reserve().status_code == 201
    delivered_ms = proxy.now_ms()
    proxy.deliver("saga-7")
    proxy.deliver("saga-7")

    assert upstream.effects == 2
    assert upstream.got[0].body == upstream.got[1].body
    assert fates(proxy) == [Fate.OK, Fate.DELAYED]
    late = proxy.trace("saga-7")[-1]
    assert (late.at_ms >= delivered_ms, late.status, late.heard) == (True, 201, None)


def test_at_a_fault_the_participant_is_asked_before_anything_goes_on(proxy: FaultProxy, upstream: Any, reserve: Any) -> None:
    seen: list[tuple[str, int]] = []

    def ask(step: str) -> Asked:
        seen.append((step, upstream.effects))
        return Asked("applied")

    proxy.open("saga-7", [fault(Kind.REQUEST_LOST, 1), fault(Kind.REPLY_LOST, 2)], ask)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            reserve()
    reserve()

    assert seen == [("reserve_money", 0), ("reserve_money", 1)]
    assert [call.asked for call in proxy.trace("saga-7")] == [Asked("applied"), Asked("applied"), None]


def test_a_participant_that_cannot_be_asked_is_told_in_the_trace(proxy: FaultProxy, reserve: Any) -> None:
    def ask(_: str) -> Asked:
        raise SagapactError("billing is down.")

    proxy.open("saga-7", [fault(Kind.REPLY_LOST)], ask)
    with pytest.raises(httpx.TransportError):
        reserve()

    (call,) = proxy.trace("saga-7")
    assert call.asked == Asked(trouble="billing is down.")


def test_a_call_that_is_not_declared_passes_and_is_kept_for_the_saga_that_it_names(
    proxy: FaultProxy, http: httpx.Client, upstream: Any
) -> None:
    upstream.status = 405
    proxy.open("saga-7")
    key = {"Idempotency-Key": "saga-7:reserve_money"}

    assert http.patch("/billing/reservations", headers=key, json={"account_id": "a-1"}).status_code == 405
    http.post("/billing/reservations/annul", json={"account_id": "a-1"})
    http.get("/billing/accounts/saga-8/more")
    http.get("/billing/health")

    (patched,) = proxy.claim_strays(["saga-7"])
    assert (patched.request, patched.target, patched.status) == ("PATCH /reservations", "billing", 405)
    assert patched.differs == (
        "It comes nearest to the forward call of reserve_money (POST /reservations). The method is PATCH instead of POST. "
        "The field `order_id` is missing."
    )
    assert [one.request for one in proxy.claim_strays(["a-1"])] == ["POST /reservations/annul"]
    assert [one.request for one in proxy.all_strays()] == ["GET /accounts/saga-8/more"]
    assert proxy.all_strays() == ()
    assert upstream.effects == 4


def test_a_lasting_fault_meets_every_try(proxy: FaultProxy, upstream: Any, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.REPLY_LOST, None)])

    for _ in range(3):
        with pytest.raises(httpx.TransportError):
            reserve()

    assert upstream.effects == 3
    assert hits(proxy) == 3


def test_a_fault_meets_the_try_that_it_names(proxy: FaultProxy, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.UNAVAILABLE, 2)])

    assert [reserve().status_code for _ in range(3)] == [201, 503, 201]
    assert hits(proxy) == 1


def test_a_fault_meets_no_other_saga_no_other_role_and_no_other_step(
    proxy: FaultProxy, reserve: Any, http: httpx.Client, upstream: Any
) -> None:
    proxy.open("saga-7", [fault(Kind.UNAVAILABLE, None)])
    proxy.open("saga-8", [])

    assert reserve("saga-8").status_code == 201
    assert reserve(path=CANCEL).status_code == 201
    other = {"Saga-Id": "saga-7", "Saga-Step": "apply_vas"}
    assert http.delete("/user_service/users/u/vas-operations/k", headers=other).status_code == 201
    assert http.get("/billing/health").status_code == 201
    assert reserve().status_code == 503
    assert hits(proxy) == 1
    assert upstream.effects == 4


def test_a_callback_can_be_lost_and_is_known_by_its_key(proxy: FaultProxy, http: httpx.Client, upstream: Any) -> None:
    upstream.status, upstream.body = 204, b""
    proxy.open("saga-7", [Fault("create_packages", Role.CALLBACK, Kind.REQUEST_LOST)])
    body = {"key": "saga-7:create_packages", "outcome": "done"}

    with pytest.raises(httpx.TransportError):
        http.post("/saga_service/callbacks/saga-7%3Acreate_packages", json=body)
    assert http.post("/saga_service/callbacks/saga-7:create_packages", json=body).status_code == 204

    assert [received.target for received in upstream.got] == ["/callbacks/saga-7:create_packages"]
    lost, taken = proxy.trace("saga-7")
    assert (lost.source, lost.target, lost.told, lost.fate) == ("vas_packages", "saga_service", "done", Fate.REQUEST_LOST)
    assert (taken.outcome, taken.fate) == ("done", Fate.OK)


def test_what_the_owner_is_told_stands_in_the_trace(proxy: FaultProxy, http: httpx.Client, upstream: Any) -> None:
    upstream.status, upstream.body = 204, b""
    proxy.open("saga-7")
    body = {"saga_id": "saga-7", "saga": "vas_purchase", "step": "apply_vas", "event": "compensation_failed"}

    http.post("/vas_owner/saga-events", json=body)

    (told,) = proxy.trace("saga-7")
    assert (told.role, told.target, told.step, told.told, told.outcome) == (
        Role.NOTIFICATION,
        "vas_owner",
        "apply_vas",
        "compensation_failed",
        "done",
    )


def test_a_trace_says_who_called_whom_with_what_and_when(proxy: FaultProxy, reserve: Any) -> None:
    proxy.open("saga-7")
    before = proxy.now_ms()

    reserve()

    (call,) = proxy.trace("saga-7")
    assert (call.source, call.target, call.step, call.role) == ("saga_service", "billing", "reserve_money", Role.FORWARD)
    assert (call.saga_id, call.key) == ("saga-7", "saga-7:reserve_money")
    assert (call.request, call.status, call.outcome) == ("POST /reservations", 201, "done")
    assert before <= call.at_ms <= call.ended_ms <= proxy.now_ms()


def test_a_participant_that_is_down_cuts_the_connection(proxy: FaultProxy, reserve: Any, closed_port: int, upstream: Any) -> None:
    proxy.open("saga-7")
    proxy.route("billing", f"http://127.0.0.1:{closed_port}")

    with pytest.raises(httpx.TransportError):
        reserve()

    assert fates(proxy) == [Fate.UNANSWERED]
    proxy.route("billing", upstream.base_url)
    assert reserve().status_code == 201


def test_a_service_that_nobody_knows_is_answered_404(http: httpx.Client) -> None:
    assert http.get("/nobody/health").status_code == 404


@pytest.mark.parametrize(("more", "status"), [(0, 201), (1, 413)], ids=["at the bound", "above"])
def test_a_body_is_bounded(http: httpx.Client, upstream: Any, more: int, status: int) -> None:
    reply = http.post("/billing/anything", content=b"x" * (passing.MAX_BODY_BYTES + more))

    assert reply.status_code == status
    assert upstream.effects == (1 if status == 201 else 0)


def test_an_answer_that_is_too_long_counts_as_none(proxy: FaultProxy, reserve: Any, upstream: Any) -> None:
    proxy.open("saga-7")
    upstream.body = b"x" * (passing.MAX_BODY_BYTES + 1)

    with pytest.raises(httpx.TransportError):
        reserve()

    assert fates(proxy) == [Fate.UNANSWERED]


def test_a_call_that_comes_before_its_saga_was_named_waits_and_meets_its_fault(
    proxy: FaultProxy, reserve: Any, upstream: Any
) -> None:
    with proxy.holding_strangers(), ThreadPoolExecutor(1) as threads:
        early = threads.submit(reserve)
        time.sleep(0.1)  # nothing can be awaited: the point is that nothing happens
        assert not early.done()
        proxy.open("saga-7", [fault(Kind.UNAVAILABLE)])

        assert early.result().status_code == 503
    assert upstream.effects == 0


@pytest.mark.parametrize("seconds", [0.3, 0], ids=["while scenarios are played", "at other times"])
def test_a_call_of_a_saga_that_nobody_names_passes_at_last_without_faults(
    proxy: FaultProxy, reserve: Any, seconds: float
) -> None:
    began = time.monotonic()

    with proxy.holding_strangers(seconds):
        assert reserve().status_code == 201

    assert time.monotonic() - began >= seconds
    assert proxy.trace("saga-7") == ()


def test_outside_of_a_run_no_call_waits(proxy: FaultProxy, reserve: Any) -> None:
    with proxy.holding_strangers(2 * PATIENCE_S):
        pass

    assert reserve().status_code == 201  # the client has less patience than a stranger has to wait


def test_a_late_call_of_a_closed_saga_passes_at_once_without_faults(proxy: FaultProxy, reserve: Any) -> None:
    proxy.open("saga-7", [fault(Kind.REPLY_LOST, None)])
    proxy.close("saga-7")

    assert reserve().status_code == 201
    assert proxy.trace("saga-7") == ()


def test_tries_are_counted_right_when_many_calls_come_at_once(proxy: FaultProxy, upstream: Any, http: httpx.Client) -> None:
    sagas = [f"saga-{number}" for number in range(8)]
    for saga_id in sagas:
        proxy.open(saga_id, [fault(Kind.UNAVAILABLE, 2)])

    def call(saga_id: str) -> int:
        headers = {"Saga-Id": saga_id, "Saga-Step": "reserve_money"}
        return http.post(
            "/billing/reservations", headers=headers, json={"account_id": "", "order_id": "", "amount_minor": 1}
        ).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(call, sagas * 3))

    assert statuses == [201] * 16 + [503] * 8
    assert upstream.effects == 16
    assert all(hits(proxy, saga_id) == 1 for saga_id in sagas)


@pytest.mark.parametrize(("kind", "dies"), [(Kind.RECEIVER_DIES, "billing"), (Kind.CALLER_DIES, "saga_service")])
def test_a_service_that_dies_did_its_work_and_its_calls_wait_until_it_is_back(
    saga: Saga, upstream: Any, kind: Kind, dies: str
) -> None:
    asked: list[str] = []
    back = threading.Event()

    def restart(name: str) -> None:
        asked.append(name)
        assert back.wait(PATIENCE_S)

    with FaultProxy(saga, restart=restart) as proxy, ThreadPoolExecutor(2) as threads:
        for name in ("billing", "saga_service"):
            proxy.route(name, upstream.base_url)
        proxy.open("saga-7", [fault(kind)])
        first = threads.submit(outcome, proxy, "billing/reservations")
        wait_until(lambda: asked)
        later = threads.submit(outcome, proxy, f"{dies}/health")
        time.sleep(0.05)
        waits = not later.done()
        back.set()

        assert (first.result(), later.result(), waits) == ("cut", 201, True)
        assert asked == [dies]
        assert [one.target for one in upstream.got] == ["/reservations", "/health"]
        assert [call.fate for call in proxy.trace("saga-7")] == [Fate.REPLY_LOST]


def test_a_service_that_does_not_come_back_keeps_no_call_waiting(saga: Saga, upstream: Any, caplog: Any) -> None:
    def restart(name: str) -> None:
        raise SagapactError(f"{name} died at its start.")

    with FaultProxy(saga, restart=restart) as proxy:
        proxy.route("billing", upstream.base_url)
        proxy.open("saga-7", [fault(Kind.RECEIVER_DIES)])

        assert outcome(proxy, "billing/reservations") == "cut"
        assert outcome(proxy, "billing/health") == 201
    assert "billing was not started again: billing died at its start." in caplog.text


def outcome(proxy: FaultProxy, path: str) -> int | str:
    headers = {"Saga-Id": "saga-7", "Saga-Step": "reserve_money"} if path.endswith("reservations") else {}
    body = {"account_id": "a", "order_id": "o", "amount_minor": 1}
    try:
        return httpx.post(f"{proxy.base_url}/{path}", headers=headers, json=body, trust_env=False, timeout=PATIENCE_S).status_code
    except httpx.TransportError:
        return "cut"


def test_it_listens_where_it_is_told_to(saga: Saga) -> None:
    with FaultProxy(saga, "127.0.0.2") as proxy:
        assert proxy.url_of("billing").startswith("http://127.0.0.2:")
        assert httpx.get(proxy.url_of("nobody"), trust_env=False).status_code == 404


def test_stopping_leaves_no_thread_and_stopping_again_does_nothing(saga: Saga) -> None:
    proxy = FaultProxy(saga)
    proxy.start()
    proxy.stop()
    proxy.stop()

    assert not any(thread.name == "fault proxy" for thread in threading.enumerate())
    with pytest.raises(SagapactError, match="does not run"):
        proxy.open("saga-7")


def test_stopping_does_not_wait_for_a_call_that_hangs(saga: Saga, upstream: Any) -> None:
    gate = threading.Event()
    answer = upstream.answer
    upstream.answer = lambda received: (gate.wait(2 * PATIENCE_S), answer(received))[1]
    proxy = FaultProxy(saga)
    proxy.start()
    proxy.route("billing", upstream.base_url)
    proxy.open("saga-7")

    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(outcome, proxy, "billing/reservations")
        wait_until(lambda: proxy.under_way("saga-7") == 1)
        proxy.stop()

        assert hanging.result(PATIENCE_S) == "cut"
        gate.set()


def test_a_caller_that_is_gone_before_it_has_sent_all_is_no_trouble(
    proxy: FaultProxy, upstream: Any, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = proxy.base_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(b"POST /billing/reservations HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    httpx.get(proxy.url_of("nobody"), trust_env=False)  # the proxy goes on

    assert upstream.got == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
