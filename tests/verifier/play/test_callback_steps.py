"""A callback step may refuse by its callback or at once; either way it must keep its word."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult

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
        applied: {status: 200, body: {state: baked}}
        refused: {status: 200, body: {state: refused}}
        compensated: {status: 200, body: {state: gone}}
        absent: {status: 404}
    probe: {request: {method: GET, path: "/shelf/{payload.cake}"}, reads: {before: {cakes: 0}, applied: {cakes: 1}}}
"""


class Oven(BaseHTTPRequestHandler):
    """Bakes at once and tells so by a callback; refuses as `refuses` says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    refuses = "by callback"
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
        self.rows[key] = {"state": "baked" if there else "refused", "cake": body["cake"]}
        if not there and self.refuses == "at once":
            self._answer(422, {"error": "no_flour"})
            return
        self._answer(202)
        told = {"key": key, "outcome": "done" if there else "refused"}
        headers = {name: self.headers.get(name, "") for name in ("Saga-Id", "Saga-Step")}
        threading.Thread(target=httpx.post, args=(body["callback_url"],), kwargs={"json": told, "headers": headers}).start()

    def _again(self, row: dict[str, Any], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if row["state"] == "gone":
            return 409, {}
        if row["cake"] != body["cake"]:
            return 422, {"error": "misused"}
        if row["state"] == "refused" and self.refuses != "never again":
            return 422, {"error": "no_flour"}
        return 200, {}

    def do_DELETE(self) -> None:
        self.rows.setdefault(self.path.rpartition("/")[2], {"cake": None})["state"] = "gone"
        self._answer(200)

    def do_GET(self) -> None:
        last = self.path.rpartition("/")[2]
        if self.path.startswith("/shelf/"):
            self._answer(200, {"cakes": sum(row == {"state": "baked", "cake": last} for row in self.rows.values())})
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
def oven(refuses: str) -> Iterator[str]:
    handler = type("BoundOven", (Oven,), {"refuses": refuses, "flour": {}, "rows": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def verify(refuses: str) -> DeckResult:
    slice_ = step_slice(parse_saga(SAGA, "bakery.yaml"), "bake")
    with oven(refuses) as url, CallbackReceiver() as callbacks, httpx.Client(trust_env=False) as http:
        driver = Driver(slice_, url, url + "/_states", callbacks, http)
        return play_deck(driver, decks.derive(slice_, 1), dt.date(2026, 1, 1))


@pytest.mark.parametrize("refuses", ["by callback", "at once"])
def test_a_refusal_by_callback_and_one_at_once_both_keep_the_deck(refuses: str) -> None:
    result = verify(refuses)

    assert {one.name: one.broken for one in result.histories if one.broken} == {}
    assert result.verdict == Verdict.KEPT


def test_a_refused_key_that_is_done_later_is_caught() -> None:
    result = verify("never again")

    assert result.obligations["O32"] == Verdict.BROKEN
