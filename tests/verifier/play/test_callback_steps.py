"""A callback step may refuse later or at once, call back twice or in chunks; a wrong one is caught by its obligation."""

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_verifier.play import deck
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult
from stand_ins import with_second_sagas

SAGA = """
format: 1
saga: bakery
owner: shop
payload: {schema: {type: object}, example: {cake: cake-1}, fresh: [cake]}
steps:
  - step: bake
    participant: oven
    class: compensatable
    completion: callback
    callback_timeout_ms: 20000
    key: path
    tries: 2
    given:
      enough: [{state: flour, params: {cake: "{payload.cake}", there: true}}]
      refusing: [{state: flour, params: {cake: "{payload.cake}", there: false}}]
    forward:
      request: {method: PUT, path: "/cakes/{key}", body: {cake: "{payload.cake}", callback_url: "{callback_url}"}}
      replies:
        in_progress: {status: 202}
        done_again: {status: 200}
        refused: {status: 422, body: {error: no_flour}}
        suspended: {status: 409}
        misused: {status: 422, body: {error: misused}}
    callback:
      request: {method: POST, path: "{callback_url}", body: {key: "{key}"}}
      outcomes: {done: {outcome: done}, refused: {outcome: refused}}
      replies: {done: {status: 204}}
    compensate: {request: {method: DELETE, path: "/cakes/{key}"}, replies: {done: {status: 200}}}
    status:
      request: {method: GET, path: "/cakes/{key}"}
      replies:
        in_progress: {status: 200, body: {state: at work}}
        applied: {status: 200, body: {state: baked}}
        refused: {status: 200, body: {state: refused}}
        compensated: {status: 200, body: {state: gone}}
        absent: {status: 404}
    probe: {request: {method: GET, path: "/shelf/{payload.cake}"}, reads: {before: {cakes: 0}, applied: {cakes: 1}}}
"""


class Oven(BaseHTTPRequestHandler):
    """Bakes in a moment and tells so by a callback; `habit` says what it does in its own way, rightly or wrongly."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    habit = ""
    flour: dict[str, bool]
    rows: dict[str, dict[str, Any]]

    def do_POST(self) -> None:
        params = self._body()["params"]
        self.flour[params["cake"]] = params["there"]
        self._answer(200)

    def do_PUT(self) -> None:
        key, body = self.path.rpartition("/")[2], self._body()
        row = self.rows.get(key)
        if row is not None:
            self._answer(*self._again(row, body))
            return
        there = self.flour.get(body["cake"], False)
        if not there and self.habit == "refuses at once":
            self.rows[key] = {"state": "refused", "cake": body["cake"]}
            self._answer(422, {"error": "no_flour"})
            return
        row = self.rows[key] = {"state": "at work", "cake": body["cake"]}
        self._answer(202)
        headers = {name: self.headers.get(name, "") for name in ("Saga-Id", "Saga-Step")}
        threading.Thread(target=self._bake, args=(row, there, key, body["callback_url"], headers)).start()

    def _bake(self, row: dict[str, Any], there: bool, key: str, url: str, headers: dict[str, str]) -> None:  # noqa: FBT001
        time.sleep(0.1)  # work takes a moment: so a compensation can come while it is done
        undone = row["state"] == "gone"
        if undone and self.habit == "works on after the compensation":
            time.sleep(0.8)
            row["state"], row["late"] = "gone", True
        elif not undone:
            row["state"] = "baked" if there else "refused"
        outcome = "done" if there and not undone else "refused"
        if undone and self.habit == "keeps silent about what was undone":
            return
        with suppress(httpx.ConnectError):  # who has seen enough waits no longer
            self._call_back(url, {"key": key, "outcome": outcome}, headers)

    def _call_back(self, url: str, told: dict[str, Any], headers: dict[str, str]) -> None:
        if self.habit == "never calls back":
            return
        if self.habit == "calls back by PUT":
            httpx.put(url, json=told, headers=headers)
            return
        if self.habit == "calls back elsewhere":
            url = url.rpartition("/")[0] + "/somewhere"
        if self.habit == "calls back without the correlation":
            headers = {}
        if self.habit == "tells another outcome":
            told = told | {"outcome": "refused" if told["outcome"] == "done" else "done"}
        if self.habit == "tells no declared outcome":
            told = {"key": told["key"], "result": told["outcome"]}
        if self.habit == "calls back in chunks":
            httpx.post(url, content=iter([json.dumps(told).encode()]), headers=headers)
            return
        for _ in range(2 if self.habit == "calls back twice" else 1):
            reply = httpx.post(url, json=told, headers=headers)
            if self.habit == "undoes what was not acknowledged" and reply.json() != {"taken": told["key"]}:
                self.rows[told["key"]]["state"] = "gone"

    def _again(self, row: dict[str, Any], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if row["state"] == "gone":
            return 409, {}
        if row["cake"] != body["cake"]:
            return 422, {"error": "misused"}
        if row["state"] == "at work":
            return 202, {}
        if row["state"] == "refused" and self.habit != "bakes what was refused":
            return 422, {"error": "no_flour"}
        return 200, {}

    def do_DELETE(self) -> None:
        self.rows.setdefault(self.path.rpartition("/")[2], {"cake": None})["state"] = "gone"
        self._answer(200)

    def do_GET(self) -> None:
        last = self.path.rpartition("/")[2]
        if self.path.startswith("/shelf/"):
            rows = [row for row in self.rows.values() if row["cake"] == last]
            self._answer(200, {"cakes": sum(row["state"] == "baked" or "late" in row for row in rows)})
        elif last in self.rows:
            self._answer(200, {"state": self.rows[last]["state"]})
        else:
            self._answer(404)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, status: int, body: dict[str, Any] | None = None) -> None:
        content = json.dumps(body or {}).encode()
        self.send_response(status)
        for name in ("Saga-Id", "Saga-Step"):
            self.send_header(name, self.headers.get(name, ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


@contextmanager
def oven(habit: str) -> Iterator[str]:
    handler = type("BoundOven", (Oven,), {"habit": habit, "flour": {}, "rows": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", autouse=True)
def waiting_shortly() -> Iterator[None]:
    """Wait as long as this oven works, also after the compensation; once nothing came, wait for silence no longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deck, "SHORTEST_WAIT_S", 1.1)
        patch.setattr(deck, "WAIT_AFTER_A_MISS_S", 0.15)
        yield


@cache
def verify(habit: str, text: str = SAGA) -> DeckResult:
    slice_ = step_slice(parse_saga(text, "bakery.yaml"), "bake")
    with oven(habit) as url, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:
        driver = Driver(slice_, url, url + "/_states", callbacks, http)
        return with_second_sagas(driver, play_deck(driver, decks.derive(slice_, 1), dt.date(2026, 1, 1)))


HURRIED = SAGA.replace("callback_timeout_ms: 20000", "callback_timeout_ms: 1500")
NOTHING_COMES = ("calls back elsewhere", "never calls back")
"""Where it is waited to the end. Whoever calls back has time, so that a busy machine makes no other fault of it."""
ANSWERED = SAGA.replace("replies: {done: {status: 204}}", 'replies: {done: {status: 200, body: {taken: "{key}"}}}')
RIGHT = ("", "refuses at once", "calls back twice", "calls back in chunks", "keeps silent about what was undone")


@pytest.mark.parametrize("habit", RIGHT)
def test_a_right_participant_keeps_its_deck_in_its_own_way(habit: str) -> None:
    result = verify(habit)

    assert {one.name: one.broken for one in result.histories if one.broken} == {}
    assert result.verdict == Verdict.KEPT


@pytest.mark.parametrize(
    ("habit", "obligation"),
    [
        ("works on after the compensation", "O12"),
        ("calls back by PUT", "O18"),
        pytest.param("calls back elsewhere", "O18", marks=pytest.mark.slow),
        ("calls back without the correlation", "O31"),
        ("tells another outcome", "O18"),
        ("tells no declared outcome", "O18"),
        pytest.param("never calls back", "O18", marks=pytest.mark.slow),
        ("bakes what was refused", "O32"),
    ],
)
def test_a_known_bad_participant_is_caught_by_its_obligation(habit: str, obligation: str) -> None:
    result = verify(habit, HURRIED if habit in NOTHING_COMES else SAGA)

    assert result.verdict == Verdict.BROKEN
    assert result.obligations[obligation] == Verdict.BROKEN, {one.name: one.broken for one in result.histories if one.broken}
    assert {one for one, verdict in result.obligations.items() if verdict == Verdict.BROKEN} == {obligation}


def test_a_callback_is_answered_as_the_saga_file_declares() -> None:
    result = verify("undoes what was not acknowledged", ANSWERED)

    assert {one.name: one.broken for one in result.histories if one.broken} == {}


@pytest.mark.slow
def test_what_came_elsewhere_is_named() -> None:
    result = verify("calls back elsewhere", HURRIED)

    history = result.shortest("O18")
    assert history is not None
    assert "a POST to /callbacks/somewhere came instead" in result.text_of(history, "O18")
