"""Charges: a bought payment API on plain `http.server`: forms in, JSON out, nothing given back: `python charges_api.py PORT`.

POST /v1/charges        charges a customer's card; the key is of 20 to 255 letters, digits and hyphens; what a key was answered is
                        answered again, whatever became of the charge since
POST /v1/charges/void   takes a charge back; 404 for one that there is not, of which nothing is remembered
GET  /v1/charges/by-key/KEY  a charge
GET  /v1/customers/ID   what credit is left on the customer's card
"""

import json
import re
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote

Answer = tuple[int, dict[str, Any]]
MISSING: Answer = (404, {"error": {"code": "resource_missing"}})
credit_of: dict[str, int] = {}
charges: dict[str, dict[str, Any]] = {}
lock = Lock()


def error(status: int, **fields: str) -> Answer:
    return status, {"error": fields}


def charge(key: str, form: dict[str, str]) -> Answer:
    known = charges.get(key)
    if known is not None:
        return known["answer"] if known["form"] == form else error(400, type="idempotency_error")
    customer, amount = form["customer"], int(form["amount"])
    can = credit_of.get(customer, 0) >= amount
    if can:
        credit_of[customer] -= amount
    said: Answer = (200, {"object": "charge", "status": "succeeded"}) if can else error(402, code="card_declined")
    charges[key] = {"form": form, "answer": said, "status": "succeeded" if can else "failed"}
    return said


def void(key: str) -> Answer:
    known = charges.get(key)
    if known is None or known["status"] == "failed":
        return MISSING
    if known["status"] == "succeeded":
        credit_of[known["form"]["customer"]] += int(known["form"]["amount"])
        known["status"] = "voided"
    return 200, {"object": "charge", "status": "voided"}


def by_key(key: str) -> Answer:
    return (200, {"object": "charge", "status": charges[key]["status"]}) if key in charges else MISSING


class Handler(BaseHTTPRequestHandler):
    """Answers by method and path."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/charges/by-key/"):
            self._with_key(unquote(path.rpartition("/")[2]), by_key)
        elif path.startswith("/v1/customers/"):
            self._say(200, {"credit": credit_of.get(unquote(path.rpartition("/")[2]), 0)})
        else:
            self._say(200 if path == "/v1/health" else 404, {})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/test/states":
            params = json.loads(content)["params"]
            credit_of[params["customer"]] = params["credit"]
            self._say(200, {})
        elif self.headers.get_content_type() != "application/x-www-form-urlencoded":
            self._say(*error(415, code="form_expected"))
        elif self.path == "/v1/charges":
            self._with_key(self.headers.get("Idempotency-Key", ""), lambda key: charge(key, dict(parse_qsl(content))))
        else:
            self._with_key(dict(parse_qsl(content)).get("charge_key", ""), void)

    def _with_key(self, key: str, act: Callable[[str], Answer]) -> None:
        with lock:
            self._say(*(act(key) if re.fullmatch("[A-Za-z0-9-]{20,255}", key) else error(400, code="invalid_key")))

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
