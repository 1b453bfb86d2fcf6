"""The helpers for participants answer as declared, call back until taken, and forget no key too early."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from saga_contracts.client import Outcome, StepCall, UnsendableError, UsageError
from saga_contracts.client.participant import Retention, forget_old_keys, send_callback, status_answer
from saga_contracts.declare.outcomes import State
from saga_contracts.sagafile import load_saga
from saga_contracts.wire.replies import Received, callback_outcome, status_outcome

SAGA = load_saga(Path(__file__).resolve().parents[3] / "contracts/sagas/vas_purchase/saga.yaml")
NOW = datetime(2026, 1, 31, tzinfo=UTC)


class Receiver:
    """A saga service that takes callbacks only after so many."""

    def __init__(self, refuses: list[int]) -> None:
        self.refuses = refuses
        self.came: list[tuple[str, dict[str, str], Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.came.append((self.path, dict(self.headers), body))
                status = receiver.refuses.pop(0) if receiver.refuses else 204
                if status == 0:
                    return  # no answer at all
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/callbacks/saga-1:create_packages"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver([503, 0, 302])
    threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def call(url: str | None = None) -> StepCall:
    return StepCall("saga-1", SAGA.payload.example, {}, url)


@pytest.mark.parametrize("step", SAGA.steps, ids=lambda step: str(step.step))
def test_every_declared_state_is_answered_as_the_client_reads_it(step: Any) -> None:
    declared = [state for state in State if getattr(step.status.replies, state.value) is not None]

    for state in declared:
        answer = status_answer(step, state, call())
        assert status_outcome(step, Received(answer.status, answer.body)).value == state.value


def test_a_state_without_a_declared_reply_is_named() -> None:
    with pytest.raises(UsageError, match="notify declares no status reply for the state 'refused'"):
        status_answer(SAGA.step("notify"), State.REFUSED, call())


def test_a_callback_is_sent_until_it_is_taken_always_the_same(receiver: Receiver) -> None:
    pauses: list[float] = []
    with httpx.Client(trust_env=False) as http:
        taken = send_callback(SAGA, "create_packages", call(receiver.url), Outcome.DONE, http, sleep=pauses.append)

    assert taken
    assert len(receiver.came) == 4
    assert len(pauses) == 3
    (path, headers, body) = receiver.came[-1]
    assert path == "/callbacks/saga-1:create_packages"
    assert (headers["Saga-Id"], headers["Saga-Step"]) == ("saga-1", "create_packages")
    assert callback_outcome(SAGA.step("create_packages"), body) == Outcome.DONE
    assert all(one[2] == body for one in receiver.came)


def test_a_callback_that_is_never_taken_is_given_up_after_the_tries_and_says_so(receiver: Receiver) -> None:
    with httpx.Client(trust_env=False) as http:
        taken = send_callback(SAGA, "create_packages", call(receiver.url), Outcome.REFUSED, http, tries=2, sleep=lambda _: None)

    assert not taken
    assert len(receiver.came) == 2


def test_a_callback_without_an_address_or_a_declaration_is_not_sent() -> None:
    with httpx.Client(trust_env=False) as http:
        with pytest.raises(UnsendableError, match="no callback address"):
            send_callback(SAGA, "create_packages", call(), Outcome.DONE, http)
        with pytest.raises(UsageError, match="declares no callback"):
            send_callback(SAGA, "notify", call("http://127.0.0.1:9"), Outcome.DONE, http)


class Keys:
    """Keys in memory, by the moment of their last touch."""

    def __init__(self, touched: list[datetime]) -> None:
        self.touched = sorted(touched)
        self.batches: list[int] = []

    def forget(self, before: datetime, most: int) -> int:
        old = [one for one in self.touched if one < before][:most]
        self.touched = self.touched[len(old) :]
        self.batches.append(len(old))
        return len(old)


def test_old_keys_are_forgotten_in_batches_and_none_that_a_late_call_may_ask_for() -> None:
    retention = Retention(longest_saga=timedelta(days=2), checker_delay=timedelta(hours=12), margin=timedelta(hours=12))
    keys = Keys([NOW - timedelta(days=days) for days in (1, 2, 2.9, 3.1, 4, 5, 6)])

    assert forget_old_keys(keys, retention, NOW, batch=3) == 4
    assert keys.batches == [3, 1]
    assert keys.touched == [NOW - timedelta(days=days) for days in (2.9, 2, 1)]


def test_a_retention_that_would_forget_too_early_is_refused() -> None:
    with pytest.raises(UsageError, match="too early"):
        forget_old_keys(Keys([]), Retention(longest_saga=timedelta(0)), NOW)
