"""Bookings: a hotel's API with numbers of its own, on plain `http.server`: `python bookings_api.py PORT`.

POST   /bookings              books a room for some nights; its Location holds the number; a known reference is answered again
GET    /bookings?reference=R  finds bookings by the reference that they came with
GET    /bookings/NUMBER       a booking
DELETE /bookings/NUMBER       cancels a booking, once and for all
GET    /rooms/ROOM            how many nights of a room are free
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, dict[str, Any] | None]
MUTANT = os.environ.get("MUTANT", "")
free_of: dict[str, int] = {}
bookings: list[dict[str, Any]] = []
lock = Lock()


def book(asked: dict[str, Any]) -> Answer:
    known = next((one for one in bookings if one["asked"]["reference"] == asked["reference"]), None)
    if known is not None and MUTANT != "books-again":
        return (200, known) if known["asked"] == asked else (422, {"error": "reference_taken"})
    if free_of.get(asked["room"], 0) < asked["nights"] and known is None:
        return 409, {"error": "full"}
    free_of[asked["room"]] -= asked["nights"]
    bookings.append({"number": len(bookings) + 1, "state": "booked", "asked": asked})
    return 201, bookings[-1]


def cancel(number: str) -> Answer:
    booking = numbered(number)
    if booking is None:
        return 404, None
    if booking["state"] == "booked" and MUTANT != "keeps-nights":
        free_of[booking["asked"]["room"]] += booking["asked"]["nights"]
    booking["state"] = "cancelled"
    return 204, None


def numbered(number: str) -> dict[str, Any] | None:
    return bookings[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(bookings) else None


def found(reference: str) -> Answer:
    fitting = [one for one in bookings if one["asked"]["reference"] == reference and MUTANT != "finds-nothing"]
    return 200, {"bookings": [{"number": one["number"]} for one in fitting]}


class Handler(BaseHTTPRequestHandler):
    """Answers by method and path."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        last = unquote(url.path.rpartition("/")[2])
        with lock:
            if url.path == "/bookings":
                self._say(*found(parse_qs(url.query)["reference"][0]))
            elif url.path.startswith("/bookings/"):
                booking = numbered(last)
                self._say(404 if booking is None else 200, booking)
            else:
                self._say(200, {"nights": free_of.get(last, 0)})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        with lock:
            if self.path == "/test/states":
                free_of[asked["params"]["room"]] = asked["params"]["nights"]
                self._say(200, {})
            else:
                self._say(*book(asked))

    def do_DELETE(self) -> None:
        with lock:
            self._say(*cancel(self.path.rpartition("/")[2]))

    def _say(self, status: int, body: dict[str, Any] | None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if body is not None and "number" in body:
            self.send_header("Location", f"http://{self.headers['Host']}/bookings/{body['number']}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
