"""Payments: a service with the header Idempotency-Key on bare sockets, without any framework: `python payments_service.py PORT`.

POST /payments           pays; 400 without a key or with one that stands not between quotes, 422 for a key that came with another
                         payload, 409 while the first call is at work, else what the first call was answered
POST /payments/reversal  gives the money back, by the key of the payment; an unknown key can pay no more
GET  /payments/by-key    what became of a key
GET  /accounts/ACCOUNT   the balance

MUTANT plants one fault: any-payload, forgets-errors (a key is free again after a refusal), pays-twice, answers-at-work.
"""

import json
import os
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote

MUTANT = os.environ.get("MUTANT", "")
REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 402: "Payment Required", 404: "Not Found", 409: "Conflict", 410: "Gone"}
balances: dict[str, int] = {}
payments: dict[str, "Payment"] = {}
at_work: set[str] = set()
lock = Lock()


@dataclass
class Payment:
    """What a key stands for."""

    account: str = ""
    amount: int = 0
    text: str = ""
    state: str = "reversed"


Answer = tuple[int, object]


def pay(key: str, body: dict[str, Any]) -> Answer:
    text, known = json.dumps(body, sort_keys=True), payments.get(key)
    if body["account"] in at_work and MUTANT != "answers-at-work":
        return 409, {"title": "the first call is still at work"}
    if known is None or (known.state == "paid" and MUTANT == "pays-twice"):
        return first_payment(key, body, text)
    if known.state == "reversed":
        return 410, {"title": "reversed"}
    if known.text != text and MUTANT != "any-payload":
        return 422, {"title": "this key came with another payload"}
    return (201, {"state": "paid"}) if known.state == "paid" else (402, {"title": "no funds"})


def first_payment(key: str, body: dict[str, Any], text: str) -> Answer:
    account, amount = body["account"], body["amount"]
    can = balances.get(account, 0) >= amount or MUTANT == "pays-twice"
    if can:
        balances[account] = balances.get(account, 0) - amount
    if can or MUTANT != "forgets-errors":
        payments[key] = Payment(account, amount, text, "paid" if can else "refused")
    return (201, {"state": "paid"}) if can else (402, {"title": "no funds"})


def reverse(key: str) -> Answer:
    payment = payments.setdefault(key, Payment())
    if payment.state == "paid":
        balances[payment.account] += payment.amount
    payment.state = "reversed"
    return 200, {"state": "reversed"}


def bring_about(state: str, account: str, amount: int = 0) -> None:
    """Bring about a precondition of the tests."""
    (at_work.discard if state == "balance" else at_work.add)(account)
    balances[account] = amount


def answer(method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> Answer:
    key = re.fullmatch('"([!#-~]+)"', headers.get("idempotency-key", ""))
    calls: dict[str, Callable[[str], Answer]] = {
        "POST /payments": lambda name: pay(name, body),
        "POST /payments/reversal": reverse,
        "GET /payments/by-key": lambda name: (200, {"state": payments[name].state}) if name in payments else (404, {}),
    }
    call = calls.get(f"{method} {path}")
    if call is not None:
        return call(key[1]) if key else (400, {"title": "Idempotency-Key is missing, or stands not between quotes"})
    if path == "/test/states":
        bring_about(body["state"], **body["params"])
    if path.startswith("/accounts/"):
        return 200, {"balance": balances.get(unquote(path.removeprefix("/accounts/")), 0)}
    return (200, {}) if path in ("/health", "/test/states") else (404, {})


def serve(connection: socket.socket) -> None:
    """Read one request, answer it, and close."""
    with connection, connection.makefile("rwb") as stream:
        line = stream.readline().decode().split()
        if len(line) != 3:
            return
        headers = {}
        while header := stream.readline().strip():
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        content = stream.read(int(headers.get("content-length", 0)))
        with lock:
            status, said = answer(line[0], line[1].partition("?")[0], headers, json.loads(content or b"{}"))
        text = json.dumps(said).encode()
        kind = "application/json" if status < 400 else "application/problem+json"
        head = f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n"
        stream.write(f"{head}Connection: close\r\n\r\n".encode() + text)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64) as listening:
        while True:
            Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
