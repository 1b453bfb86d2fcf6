"""A small participant for testing the player: right by default, wrong in the named ways (several with commas between)."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SAGA = """
format: 1
saga: small
owner: shop
payload:
  schema: {type: object}
  example: {item: item-1, amount: 3}
  fresh: [item]
steps:
  - step: take
    participant: stock
    class: compensatable
    tries: 2
    key: header
    given:
      enough: [{state: stock, params: {item: "{payload.item}", left: 3}}]
      refusing: [{state: stock, params: {item: "{payload.item}", left: 0}}]
    forward:
      request: {method: POST, path: /take, headers: {Key: "{key}"}, body: {item: "{payload.item}", amount: "{payload.amount}"}}
      replies:
        done: {status: 201, body: {state: taken, ticket: {$like: t-1}}}
        done_again: {status: 200, body: {state: taken, ticket: {$like: t-1}}}
        refused: {status: 422, body: {error: sold_out}}
        suspended: {status: 409}
        misused: {status: 422, body: {error: misused}}
      outputs: {ticket: /ticket}
    compensate:
      request: {method: POST, path: /back, headers: {Key: "{key}"}, body: {item: "{payload.item}"}}
      replies: {done: {status: 200}}
    status:
      request: {method: GET, path: /status, headers: {Key: "{key}"}}
      replies:
        applied: {status: 200, body: {state: taken}}
        refused: {status: 200, body: {state: refused}}
        compensated: {status: 200, body: {state: back}}
        absent: {status: 404}
    probe:
      request: {method: GET, path: "/items/{payload.item}"}
      reads: {before: {left: 3}, refusing: {left: 0}, applied: {left: 0}}
  - step: ship
    participant: carrier
    class: compensatable
    after: [take]
    forward:
      request: {method: POST, path: /ship, headers: {Key: "{key}"}}
      replies: {done: {status: 201}, refused: {status: 422}}
    compensate: {request: {method: POST, path: /unship, headers: {Key: "{key}"}}, replies: {done: {status: 200}}}
"""

Answer = tuple[int, dict[str, Any]]


class Stock:
    """The participant's rules; `wrong` names its defects, or is empty."""

    def __init__(self, wrong: str = "") -> None:
        self.wrong = wrong
        self.left: dict[str, int] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.reads: dict[str, int] = {}
        self.stalled = threading.Event()
        self.asked = threading.Event()

    def take(self, key: str, body: dict[str, Any]) -> Answer:
        self.stall("stalls once in a call", 0.8)
        row = self.rows.get(key)
        if row is not None and not ("refused key applies later" in self.wrong and row["state"] == "refused"):
            return self._again(key, row, body)
        return self._first(key, body)

    def _first(self, key: str, body: dict[str, Any]) -> Answer:
        item, amount = body["item"], body["amount"]
        if self.left.get(item, 0) < amount:
            self.rows[key] = {"state": "refused", "body": body}
            return 422, {"error": "sold_out"}
        self.left[item] -= amount * (2 if "applies twice" in self.wrong else 1)
        self.rows[key] = {"state": "taken", "body": body, "ticket": f"t-{len(self.rows)}"}
        return 201, {"state": "taken", "ticket": self.rows[key]["ticket"]}

    def _again(self, key: str, row: dict[str, Any], body: dict[str, Any]) -> Answer:
        if row["state"] == "back":
            if "applies after compensation" in self.wrong:
                del self.rows[key]
                self.left.setdefault(body["item"], 3)
                return self._first(key, body)
            return 409, {"error": "back"}
        if row["body"] != body and "ignores misuse" not in self.wrong:
            return 422, {"error": "misused"}
        if row["state"] == "refused":
            return 422, {"error": "sold_out"}
        if "charges again" in self.wrong:
            self.left[body["item"]] -= body["amount"]
        if "re-validates" in self.wrong:
            return 422, {"error": "sold_out"}
        return 200, {"state": "taken", "ticket": "t-new" if "new ticket" in self.wrong else row["ticket"]}

    def back(self, key: str, body: dict[str, Any]) -> Answer:
        row = self.rows.get(key)
        if row is None:
            if "404 on null" in self.wrong:
                return 404, {}
            if "forgets the null" not in self.wrong:
                self.rows[key] = {"state": "back", "body": None}
            return 200, {}
        if row["state"] == "taken" or ("gives back twice" in self.wrong and row["state"] == "back" and row["body"]):
            self.left[body["item"]] += 0 if "skips the undoing" in self.wrong else row["body"]["amount"]
        if row["state"] == "refused" and "refuses to compensate" in self.wrong:
            return 409, {}
        row["state"] = "back"
        return 200, {}

    def stall(self, wrong: str, for_s: float) -> None:
        """Answer late, the first time only, if that is what is wrong."""
        if wrong in self.wrong and not self.stalled.is_set():
            self.stalled.set()
            threading.Event().wait(for_s)

    def status(self, key: str) -> Answer:
        if self.asked.is_set():
            self.stall("stalls once when it is asked again", 0.8)
        self.stall("stalls once when it is asked first", 0.8)
        self.asked.set()
        row = self.rows.get(key)
        if "status writes" in self.wrong:
            self.reads[key] = self.reads.get(key, 0) + 1
            if row is not None and self.reads[key] % 2 == 0:
                row["state"] = "back"
        if row is None:
            return 404, {}
        return 200, {"state": "taken" if "status lies" in self.wrong and row["state"] == "back" else row["state"]}


class Handler(BaseHTTPRequestHandler):
    """HTTP in front of `Stock`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stock: Stock

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        key = self.headers.get("Key", "")
        if self.path == "/_states" and body["state"] == "stock":
            self.stock.left[body["params"]["item"]] = body["params"]["left"]
            self._answer((200, {}))
        elif self.path in ("/take", "/back"):
            self._answer(self.stock.take(key, body) if self.path == "/take" else self.stock.back(key, body))
        else:
            self._answer(self.other(body))

    def other(self, body: dict[str, Any]) -> Answer:  # noqa: ARG002  (for those who know more)
        """Answer a call of any other address."""
        return 404, {}

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer((200, {}))
        elif self.path == "/status":
            self._answer(self.stock.status(self.headers.get("Key", "")))
        elif "breaks off a reading" in self.stock.wrong and self.stock.asked.is_set():
            self.close_connection = True
        else:
            self.stock.stall("stalls once in a reading", 0.8)
            self._answer((200, {"left": self.stock.left.get(self.path.rpartition("/")[2], 0)}))

    def _answer(self, answer: Answer) -> None:
        token = os.environ.get("TOKEN")  # a secret that it says wherever it can
        content = json.dumps(answer[1] | ({"said": token, "password": "hunter2"} if token else {})).encode()
        if token:
            print("answering with", token, flush=True)  # noqa: T201  (its log)
        self.send_response(answer[0])
        self.send_header("X-Said", (token or "").encode("ascii", "replace").decode())
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if "drops the correlation" not in self.stock.wrong:
            self.send_header("Saga-Id", self.headers.get("Saga-Id", ""))
            self.send_header("Saga-Step", self.headers.get("Saga-Step", ""))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@contextmanager
def running(wrong: str = "") -> Iterator[str]:
    """Serve the participant and give its base URL."""
    handler = type("BoundHandler", (Handler,), {"stock": Stock(wrong)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve in the foreground: `python small_participant.py PORT [WRONG]`."""
    port, wrong = int(sys.argv[1]), " ".join(sys.argv[2:])
    handler = type("BoundHandler", (Handler,), {"stock": Stock(wrong)})
    ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


if __name__ == "__main__":
    main()
