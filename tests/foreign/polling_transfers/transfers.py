"""Transfers that take their time: accepted at once, done later, asked for until then, on asyncio's streams: `transfers.py PORT`.

PUT  /transfers/ID         202 pending, or what became of it; 409 for another transfer under this id
GET  /transfers/ID         pending, done, rejected or cancelled; 404 for an id that never came
POST /transfers/ID/cancel  gives the money back, also while it is pending; an unknown id can transfer no more
GET  /accounts/ACCOUNT     the balance

MUTANT plants one fault: starts-again (when the call is repeated), starts-again-unseen (nothing tells of it),
forgets-cancel (of an unknown id), pays-when-cancelled.
"""

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

MUTANT = os.environ.get("MUTANT", "")
WORK_S = 0.05
Answer = tuple[int, dict[str, Any]]
balances: dict[str, int] = {}
transfers: dict[str, "Transfer"] = {}
work: set[asyncio.Task[None]] = set()


@dataclass
class Transfer:
    """One transfer."""

    account: str = ""
    amount: int = 0
    state: str = "cancelled"


def put(name: str, body: dict[str, Any]) -> Answer:
    known = transfers.get(name)
    if known is None:
        known = transfers[name] = Transfer(body["account"], body["amount"], "pending")
        start(known)
    elif known.account and (known.account, known.amount) != (
        body["account"],
        body["amount"],
    ):
        return 409, {"error": "another transfer has this id"}
    elif MUTANT == "starts-again" and known.state == "done":
        known.state = "pending"
        start(known)
    elif MUTANT == "starts-again-unseen" and known.state == "done":
        start(Transfer(known.account, known.amount, "again"))
    return (202 if known.state == "pending" else 200), {"state": known.state}


def start(transfer: Transfer) -> None:
    task = asyncio.create_task(finish(transfer))
    work.add(task)
    task.add_done_callback(work.discard)


async def finish(transfer: Transfer) -> None:
    await asyncio.sleep(WORK_S)
    if transfer.state == "cancelled" and MUTANT != "pays-when-cancelled":
        return
    can = balances.get(transfer.account, 0) >= transfer.amount or transfer.state == "again"
    balances[transfer.account] = balances.get(transfer.account, 0) - (transfer.amount if can else 0)
    transfer.state = transfer.state if transfer.state == "cancelled" else "done" if can else "rejected"


def cancel(name: str) -> Answer:
    transfer = transfers.get(name, Transfer())
    if MUTANT != "forgets-cancel":
        transfers[name] = transfer
    if transfer.state == "done":
        balances[transfer.account] += transfer.amount
    transfer.state = "cancelled"
    return 200, {"state": "cancelled"}


def get(name: str) -> Answer:
    return (200, {"state": transfers[name].state}) if name in transfers else (404, {})


def answer(method: str, path: str, body: dict[str, Any]) -> Answer:
    name = unquote(path.split("/")[2]) if path.count("/") > 1 else ""
    if re.fullmatch("/transfers/[^/]+", path):
        return put(name, body) if method == "PUT" else get(name)
    if re.fullmatch("/transfers/[^/]+/cancel", path):
        return cancel(name)
    if path == "/test/states":
        balances[body["params"]["account"]] = body["params"]["amount"]
    if path.startswith("/accounts/"):
        return 200, {"balance": balances.get(name, 0)}
    return (200 if path in ("/health", "/test/states") else 404), {}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request, answer it, and close."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
        content = await reader.readexactly(int(length[1])) if length else b""
        method, path = head.split()[:2]
        status, said = answer(method, path.partition("?")[0], json.loads(content or b"{}"))
        text = json.dumps(said).encode()
        start_of = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        writer.write(f"{start_of}Connection: close\r\n\r\n".encode() + text)
        await writer.drain()
    except asyncio.IncompleteReadError:
        pass  # who only looked whether somebody listens
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
