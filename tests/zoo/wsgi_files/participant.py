"""Hotel bookings on wsgiref, each booking and each hotel a file of its own: `participant.py PORT FOLDER`.

A write is one rename, and all of a booking, its nights included, stands in its own file: what a hotel has left is counted.
"""

import fcntl
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

Answer = tuple[str, dict[str, Any]]
Booking = dict[str, Any]


class Files:
    """Bookings and hotels in a folder, behind one lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bookings", "hotels"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def write(self, kind: str, name: str, content: dict[str, Any]) -> None:
        part = self.folder / f"{uuid.uuid4()}.part"
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(self.folder / kind / name)

    def read(self, kind: str, name: str) -> dict[str, Any] | None:
        file = self.folder / kind / name
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None

    def left(self, hotel: str) -> int:
        bookings = (json.loads(file.read_text(encoding="utf-8")) for file in (self.folder / "bookings").iterdir())
        booked = sum(one["nights"] for one in bookings if one["is"] == "booked" and one["hotel"] == hotel)
        return int((self.read("hotels", hotel) or {"nights": 0})["nights"] - booked)


def answer(files: Files, path: str, body: dict[str, Any]) -> Answer:
    key = body.get("booking", "")
    known = files.read("bookings", key) if key else None
    match path:
        case "/bookings":
            return book(files, known, body)
        case "/cancellations":
            files.write("bookings", key, {**(known or {"hotel": "", "nights": 0}), "is": "cancelled"})
        case "/questions":
            return "200 OK", {"is": known["is"] if known else "unknown"}
        case "/_states" if body.get("action") != "teardown":
            files.write("hotels", body["params"]["hotel"], {"nights": body["params"]["nights"]})
        case _ if path.startswith("/hotels/"):
            return "200 OK", {"nights": files.left(path.rpartition("/")[2])}
    return "200 OK", {}


def book(files: Files, known: Booking | None, body: dict[str, Any]) -> Answer:
    if known is None:
        known = {"hotel": body["hotel"], "nights": body["nights"]}
        known["is"] = "booked" if files.left(body["hotel"]) >= body["nights"] else "full"
        files.write("bookings", body["booking"], known)
    if known["hotel"] and (known["hotel"], known["nights"]) != (body["hotel"], body["nights"]):
        return "400 Bad Request", {}
    return "200 OK", {"booked": True} if known["is"] == "booked" else {"booked": False, "because": known["is"]}


def app(folder: Path) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    files = Files(folder)

    def hotels(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # also beside another instance
            status, said = answer(files, environ["PATH_INFO"], body)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(said).encode()]

    return hotels


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


if __name__ == "__main__":
    os.umask(0o077)
    make_server("127.0.0.1", int(sys.argv[1]), app(Path(sys.argv[2])), handler_class=Quiet).serve_forever()
