"""The receiver of callbacks keeps what came under its key and waits no longer than asked."""

import threading

import httpx

from patience import PATIENCE_S
from saga_verifier.play.callbacks import CallbackReceiver


def test_a_callback_is_given_to_who_waits_for_its_key() -> None:
    with CallbackReceiver() as callbacks:
        reply = httpx.post(callbacks.url_for("saga-1:pay"), json={"outcome": "done"}, headers={"Saga-Id": "saga-1"})

        callback = callbacks.wait("saga-1:pay", PATIENCE_S)

    assert reply.status_code == 204
    assert callback is not None
    assert callback.body == {"outcome": "done"}
    assert callback.headers["saga-id"] == "saga-1"


def test_a_callback_that_comes_while_somebody_waits_is_given_at_once() -> None:
    with CallbackReceiver() as callbacks:
        sender = threading.Thread(target=httpx.post, args=(callbacks.url_for("late"),), kwargs={"json": {"n": 1}})
        sender.start()

        callback = callbacks.wait("late", 3600)

        sender.join()
    assert callback is not None


def test_no_callback_for_another_key_is_taken_for_ours() -> None:
    with CallbackReceiver() as callbacks:
        httpx.post(callbacks.url_for("other"), json={})

        assert callbacks.wait("ours", 0.05) is None


def test_a_body_that_is_no_json_is_kept_as_none() -> None:
    with CallbackReceiver() as callbacks:
        httpx.post(callbacks.url_for("key"), content=b"<xml/>")

        callback = callbacks.wait("key", PATIENCE_S)

    assert callback is not None
    assert callback.body is None
