"""A warehouse written by hand, where several sagas reserve the same goods: right, or wrong as only a second saga shows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Reply = tuple[int, dict[str, Any]]


@dataclass
class Shelf:
    """The warehouse.

    Attributes:
        locks: Does one saga keep the goods from the others?
        busy: The answer to a saga that comes meanwhile.
        wrong: What it does wrong; empty: nothing.
    """

    locks: bool = True
    busy: Reply = (409, {"error": "out_of_stock"})
    wrong: str = ""
    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def put(self, sku: str, pieces: int) -> None:
        """Put so many pieces in stock; what is reserved stays reserved."""
        if self.wrong == "states take all back":
            self.rows = {key: row for key, row in self.rows.items() if row["sku"] != sku or row["state"] == "refused"}
            self.stock.pop(sku, None)
        self.stock.setdefault(sku, {"available": 0, "reserved": 0})["available"] = pieces

    def reserve(self, key: str, sku: str, pieces: int) -> Reply:
        """Reserve goods for a key, once."""
        row = self.rows.get(key)
        if row is not None:
            if row["state"] != "released" and (row["sku"], row["pieces"]) != (sku, pieces):
                return 422, {"error": "key_reused"}
            answers = {"reserved": (200, {"state": "reserved"}), "refused": (409, {"error": "out_of_stock"})}
            return answers.get(row["state"], (410, {"error": "released"}))
        there = self.stock.setdefault(sku, {"available": 0, "reserved": 0})
        if self.locks and self.wrong != "keeps nothing" and self.kept.get(sku, key) != key:
            if self.busy[0] != 503:
                self.rows[key] = {"state": "refused", "sku": sku, "pieces": pieces}
            if self.wrong == "keeps for the refused":
                self.kept[sku] = key
            return self.busy
        if there["available"] < pieces:
            self.rows[key] = {"state": "refused", "sku": sku, "pieces": pieces}
            return 409, {"error": "out_of_stock"}
        self.rows[key] = {"state": "reserved", "sku": sku, "pieces": pieces, "before": dict(there)}
        self._move(sku, pieces)
        self.kept[sku] = key
        return 201, {"state": "reserved"}

    def release(self, key: str) -> Reply:
        """Undo a reservation; one that never came is remembered."""
        row = self.rows.setdefault(key, {"state": "new", "sku": "", "pieces": 0})
        was, row["state"] = row["state"], "released"
        sku = row["sku"]
        if self.wrong == "frees by any undo":
            self.kept.pop(sku, None)
        if was == "reserved" or (self.wrong == "undoes by the goods" and sku):
            self._undo(row, sku)
        if self.kept.get(sku) == key and self.wrong != "never frees":
            self.kept.pop(sku)
        return 200, {"state": "released"}

    def ship(self, key: str) -> Reply:
        """End: what was reserved is gone, and the next saga may come."""
        row = self.rows[key]
        if self.wrong != "never frees at the end":
            self.kept.pop(row["sku"], None)
        self.rows[f"{key} shipped"] = row
        return 201, {"state": "shipped"}

    def status(self, key: str) -> Reply:
        """Tell what is durably true of a key."""
        return (200, {"state": self.rows[key]["state"]}) if key in self.rows else (404, {"error": "unknown"})

    def _undo(self, row: dict[str, Any], sku: str) -> None:
        if self.wrong == "restores a snapshot":
            self.stock[sku] = dict(row["before"])
        elif self.wrong == "undoes by the goods":
            there = self.stock[sku]
            self._move(sku, -there["reserved"])
            for other in self.rows.values():
                other["state"] = "released" if other["sku"] == sku and other["state"] == "reserved" else other["state"]
        else:
            self._move(sku, -row["pieces"])

    def _move(self, sku: str, pieces: int) -> None:
        self.stock[sku]["available"] -= pieces
        self.stock[sku]["reserved"] += pieces


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """Serve it on a free port, and give its address."""
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            with one_at_a_time:
                status, reply = answer(shelf, self.command, self.path.strip("/").split("/"), body)
            content = json.dumps(reply).encode()
            self.send_response(status)
            for name in ("Saga-Id", "Saga-Step"):
                if name in self.headers:
                    self.send_header(name, self.headers[name])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  (as the base class calls them)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(shelf: Shelf, method: str, parts: list[str], body: dict[str, Any]) -> Reply:
    """Answer one call."""
    if parts == ["_states"]:
        if body["action"] == "setup":
            shelf.put(body["params"]["sku"], body["params"]["pieces"])
        return 200, {}
    match method, parts:
        case "PUT", ["reservations", key]:
            return shelf.reserve(key, body["sku"], body["pieces"])
        case "DELETE", ["reservations", key]:
            return shelf.release(key)
        case "GET", ["reservations", key]:
            return shelf.status(key)
        case "PUT", ["shipments", key]:
            return shelf.ship(body["reservation"]) if key else (404, {})
    return 200, shelf.stock.get(parts[-1], {"available": 0, "reserved": 0})


def definition(lock: dict[str, Any] | None, *, enough_for_two: int | None = None, ships: bool = False) -> dict[str, Any]:
    """Give the saga file of it.

    Args:
        lock: The step's semantic lock, if any.
        enough_for_two: So many pieces are enough for two sagas; None: nothing is said of two.
        ships: Is there a later step at this participant, which frees the lock?
    """
    schema = {
        "type": "object",
        "properties": {"order": {"type": "string"}, "sku": {"type": "string"}, "pieces": {"type": "integer"}},
    }
    stock = "pieces are in stock"
    given: dict[str, Any] = {
        "enough": [{"state": stock, "params": {"sku": "{payload.sku}", "pieces": "{payload.pieces}"}}],
        "refusing": [{"state": stock, "params": {"sku": "{payload.sku}", "pieces": 0}}],
    }
    if enough_for_two is not None:
        given["enough_for_two"] = [{"state": stock, "params": {"sku": "{payload.sku}", "pieces": enough_for_two}}]
    step: dict[str, Any] = {
        "step": "reserve",
        "participant": "warehouse",
        "class": "compensatable",
        "timeout_ms": 20_000,
        "key": "path",
        "given": given,
        "forward": {
            "request": {
                "method": "PUT", "path": "/reservations/{key}", "body": {"sku": "{payload.sku}", "pieces": "{payload.pieces}"},
            },
            "replies": {
                "done": {"status": 201, "body": {"state": "reserved"}},
                "done_again": {"status": 200, "body": {"state": "reserved"}},
                "refused": {"status": 409, "body": {"error": "out_of_stock"}},
                "suspended": {"status": 410, "body": {"error": "released"}},
                "misused": {"status": 422, "body": {"error": "key_reused"}},
            },
        },
        "compensate": {
            "request": {"method": "DELETE", "path": "/reservations/{key}"},
            "replies": {"done": {"status": 200, "body": {"state": "released"}}},
        },
        "status": {
            "request": {"method": "GET", "path": "/reservations/{key}"},
            "replies": {
                "applied": {"status": 200, "body": {"state": "reserved"}},
                "refused": {"status": 200, "body": {"state": "refused"}},
                "compensated": {"status": 200, "body": {"state": "released"}},
                "absent": {"status": 404},
            },
        },
        "probe": {
            "request": {"method": "GET", "path": "/stock/{payload.sku}"},
            "reads": {
                "before": {"available": "{payload.pieces}", "reserved": 0},
                "refusing": {"available": 0, "reserved": 0},
                "applied": {"available": 0, "reserved": "{payload.pieces}"},
            },
        },
    }  # fmt: skip
    if lock is not None:
        step["semantic_lock"] = {"resource": "{payload.sku}", **lock}
    ship = {
        "step": "ship",
        "participant": "warehouse",
        "class": "retriable",
        "after": ["reserve"],
        "timeout_ms": 20_000,
        "key": "path",
        "forward": {
            "request": {"method": "PUT", "path": "/shipments/{key}", "body": {"reservation": "{keys.reserve}"}},
            "replies": {"done": {"status": 201}},
        },
    }
    payload = {"schema": schema, "example": {"order": "o-1", "sku": "sku-1", "pieces": 2}, "fresh": ["order", "sku"]}
    return {"format": 1, "saga": "sale", "owner": "shop", "payload": payload, "steps": [step, *([ship] if ships else [])]}
