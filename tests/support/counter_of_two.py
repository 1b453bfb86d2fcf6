"""A desk with two steps of one saga, on bare sockets: it holds a seat and a meal; right, or wrong as only the pair shows."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

Reply = tuple[int, dict[str, Any]]


@dataclass
class Desk:
    """The desk.

    Attributes:
        wrong: `knows the saga only`: both steps are one to it; `undoes both`: undoing one takes the other with it;
            `undoes never again`: what it was told to undo after the end, it answers as impossible at any time.
    """

    wrong: str = ""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        """Answer one call: `/seats` and `/meals`, each with `/undo`; `/guests/NAME` tells what a guest has."""
        _, what, *rest = path.split("/")
        if what == "guests":
            mine = [row for row in self.rows.values() if row["guest"] == rest[0] and row["state"] == "held"]
            return 200, {kind: sum(row["what"] == kind for row in mine) for kind in ("seats", "meals")}
        key = headers["saga-id"] if self.wrong == "knows the saga only" else f"{headers['saga-id']} {what}"
        if method == "GET":
            return (200, {"state": self.rows[key]["state"]}) if key in self.rows else (404, {})
        return self._undo(key, what) if rest else self._hold(key, what, body["guest"])

    def _hold(self, key: str, what: str, guest: str) -> Reply:
        row = self.rows.get(key)
        if row is None:
            self.rows[key] = {"what": what, "guest": guest, "state": "held"}
            return 201, {"state": "held"}
        if row["state"] == "undone":
            return 410, {"error": "undone"}
        return (200, {"state": "held"}) if row["guest"] == guest else (422, {"error": "key_reused"})

    def _undo(self, key: str, what: str) -> Reply:
        meal = self.rows.get(key.replace("seats", "meals"), {})
        if what == "seats" and (self.wrong == "undoes never" or meal.get("final")):
            return 423, {"error": "over"}
        row = self.rows.setdefault(key, {"what": what, "guest": "", "state": "new"})
        row["state"] = "undone"
        for name, other in self.rows.items():
            if self.wrong == "undoes both" and name.split()[0] == key.split(maxsplit=1)[0]:
                other["state"] = "undone"
        return 200, {"state": "undone"}


class FinalDesk(Desk):
    """A desk at which nothing can be undone once there is a meal."""

    def _hold(self, key: str, what: str, guest: str) -> Reply:
        reply = super()._hold(key, what, guest)
        self.rows[key]["final"] = what == "meals"
        return reply


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """Serve it, one call after another, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_serve, args=(listening, desk))
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            with socket.create_connection(("127.0.0.1", port)) as last:
                last.sendall(b"GET /end HTTP/1.1\r\n\r\n")
            thread.join()


def _serve(listening: socket.socket, desk: Desk) -> None:
    while True:
        connection, _ = listening.accept()
        with connection:
            head, _, body = _read(connection).partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            method, path, _ = first.split()
            if path == "/end":
                return
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            state = path == "/_states"
            status, reply = (200, {}) if state else desk.answer(method, path, headers, json.loads(body or b"{}"))
            content = json.dumps(reply).encode()
            echoed = "".join(
                f"{name}: {headers[name.lower()]}\r\n" for name in ("Saga-Id", "Saga-Step") if name.lower() in headers
            )
            length = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            connection.sendall(f"HTTP/1.1 {status} X\r\n{echoed}{length}".encode() + content)


def _read(connection: socket.socket) -> bytes:
    """Read a request to its end."""
    data = b""
    while True:
        more = connection.recv(65536)
        data += more
        head, end, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if not more or (end and len(body) >= length):
            return data


def step(name: str, **fields: Any) -> dict[str, Any]:
    """Give one of the two steps of the saga file: `seats` or `meals`."""
    replies = {
        "done": {"status": 201, "body": {"state": "held"}},
        "done_again": {"status": 200, "body": {"state": "held"}},
        "suspended": {"status": 410, "body": {"error": "undone"}},
        "misused": {"status": 422, "body": {"error": "key_reused"}},
    }
    told = {
        "applied": {"status": 200, "body": {"state": "held"}},
        "compensated": {"status": 200, "body": {"state": "undone"}},
        "absent": {"status": 404},
    }
    headers = {"X-Key": "{key}"}
    undo = {"request": {"method": "POST", "path": f"/{name}/undo", "headers": headers}, "replies": {"done": {"status": 200}}}
    whole: dict[str, Any] = {
        "step": name,
        "participant": "desk",
        "class": "compensatable",
        "timeout_ms": 20_000,
        "forward": {
            "request": {"method": "POST", "path": f"/{name}", "headers": headers, "body": {"guest": "{payload.guest}"}},
            "replies": replies,
        },
        "compensate": undo,
        "status": {"request": {"method": "GET", "path": f"/{name}", "headers": headers}, "replies": told},
        "probe": {
            "request": {"method": "GET", "path": "/guests/{payload.guest}"},
            "reads": {"before": {name: 0}, "applied": {name: 1}},
        },
    }
    if fields.get("class") == "retriable":
        del whole["compensate"], replies["suspended"], told["compensated"]
    return {**whole, **fields}


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    """Give the saga file."""
    payload = {"schema": {"type": "object"}, "example": {"guest": "ann"}, "fresh": ["guest"]}
    return {"format": 1, "saga": "journey", "owner": "agency", "payload": payload, "steps": list(steps)}
