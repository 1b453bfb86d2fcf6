"""Vouchers on aiohttp and SQLite, redeemed by a job that is asked for: `participant.py PORT DATABASE`.

The points of a voucher are its value less all that is redeemed, so nothing is ever given back: a redemption is only crossed out.
"""

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

TABLES = """
CREATE TABLE IF NOT EXISTS vouchers (voucher TEXT PRIMARY KEY, points INT);
CREATE TABLE IF NOT EXISTS redemptions (key TEXT PRIMARY KEY, state TEXT, voucher TEXT, points INT);
"""
LEFT = """
SELECT points - (SELECT COALESCE(SUM(points), 0) FROM redemptions WHERE voucher = ?1 AND state = 'redeemed')
FROM vouchers WHERE voucher = ?1
"""
routes = web.RouteTableDef()
DATABASE = web.AppKey("database", sqlite3.Connection)


def left(db: sqlite3.Connection, voucher: str) -> int:
    found = db.execute(LEFT, (voucher,)).fetchone()
    return int(found[0]) if found else 0


@routes.put("/redemptions/{key}")
async def redeem(request: web.Request) -> web.Response:
    body, db, key = await request.json(), request.app[DATABASE], request.match_info["key"]
    new = (key, "waiting", body["voucher"], body["points"])
    with db:
        db.execute("INSERT OR IGNORE INTO redemptions VALUES (?, ?, ?, ?)", new)
        state, voucher, points = db.execute("SELECT state, voucher, points FROM redemptions WHERE key = ?", (key,)).fetchone()
    if state != "crossed out" and (voucher, points) != (body["voucher"], body["points"]):
        return web.Response(status=409)
    return web.Response(status={"waiting": 202, "redeemed": 200, "rejected": 403, "crossed out": 200}[state])


@routes.delete("/redemptions/{key}")
async def cross_out(request: web.Request) -> web.Response:
    with request.app[DATABASE] as db:
        db.execute(
            "INSERT INTO redemptions VALUES (?, 'crossed out', '', 0) ON CONFLICT DO UPDATE SET state = excluded.state",
            (request.match_info["key"],),
        )
    return web.Response(status=204)


@routes.get("/redemptions/{key}")
async def ask(request: web.Request) -> web.Response:
    found = request.app[DATABASE].execute("SELECT state FROM redemptions WHERE key = ?", (request.match_info["key"],)).fetchone()
    if found is None or found[0] == "crossed out":
        return web.Response(status=404 if found is None else 410)
    return web.json_response({"state": found[0]})


@routes.get("/vouchers/{voucher}")
async def points_of(request: web.Request) -> web.Response:
    return web.json_response({"points": left(request.app[DATABASE], request.match_info["voucher"])})


@routes.post("/_states")
async def set_up(request: web.Request) -> web.Response:
    asked: dict[str, Any] = json.loads(await request.text())
    if asked.get("action") != "teardown":
        with request.app[DATABASE] as db:
            db.execute("INSERT OR REPLACE INTO vouchers VALUES (?, ?)", (asked["params"]["voucher"], asked["params"]["points"]))
    return web.json_response({})


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    return web.Response()


@web.middleware
async def traced(request: web.Request, handler: Any) -> web.StreamResponse:
    response: web.StreamResponse = await handler(request)
    response.headers["X-Trace"] = request.headers.get("X-Trace", "")
    return response


async def work(db: sqlite3.Connection) -> None:
    """Redeem what waits, one after another."""
    while True:
        await asyncio.sleep(0.02)
        for key, voucher, points in db.execute("SELECT key, voucher, points FROM redemptions WHERE state = 'waiting'").fetchall():
            with db:
                state = "redeemed" if left(db, voucher) >= points else "rejected"
                db.execute("UPDATE redemptions SET state = ? WHERE key = ? AND state = 'waiting'", (state, key))


async def worker(app: web.Application) -> AsyncIterator[None]:
    job = asyncio.create_task(work(app[DATABASE]))
    yield
    job.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await job


if __name__ == "__main__":
    service = web.Application(middlewares=[traced])
    service[DATABASE] = sqlite3.connect(sys.argv[2], timeout=20)
    service[DATABASE].executescript(TABLES)
    service.add_routes(routes)
    service.cleanup_ctx.append(worker)
    web.run_app(service, host="127.0.0.1", port=int(sys.argv[1]), print=lambda *_: None)
