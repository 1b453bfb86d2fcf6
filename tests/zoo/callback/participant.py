"""Parcels in vans, planned by a worker that calls back, on asyncio's streams and SQLite: `participant.py PORT DATABASE`.

POST /loads         plans a load: 202, and a callback once it is loaded or there was no room; later what became of it
POST /unloads       takes it out again, also while it is planned; an unknown reference can be loaded no more
POST /loads/search  planned, loaded, no_room, unloaded or unknown
GET  /vans/VAN      the room that is left

What is to be told stands in an outbox until it was taken. The variable FAULT plants one fault; each stands at the one line where
it differs.
"""

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import sys
import time
from typing import Any
from urllib.parse import quote, urlsplit

Answer = tuple[int, dict[str, Any]]
Load = dict[str, Any]
WORK_S, PAUSE_S = 0.02, 0.1
CARRIER = os.environ.get("CARRIER_URL", "")
WORKS_AT_ONCE = ("checks, then acts", "loads what was unloaded")
"""Faults of a worker that never looks again whether what it was given is still to be done."""
CORRELATION = ("Saga-Id", "Saga-Step")
FIELDS = ("reference", "state", "van", "boxes", "reply_to", "headers", "room_before")
TABLES = """
CREATE TABLE IF NOT EXISTS vans (van TEXT PRIMARY KEY, room INT, exclusive INT, customer TEXT);
CREATE TABLE IF NOT EXISTS loads (
  reference TEXT PRIMARY KEY, state TEXT, van TEXT, boxes INT, reply_to TEXT, headers TEXT, room_before INT, at REAL
);
CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY, reply_to TEXT, headers TEXT, body TEXT);
"""


class Courier:
    """The rules. Calls are answered one after another; each is one transaction, also beside another instance."""

    def __init__(self, database: str, fault: str) -> None:
        self.fault = fault
        self.ahead_s = 0
        self.memory: dict[str, Load] = {}
        self.at_work: set[str] = set()
        self.asked: list[str] = []
        self.turn = asyncio.Lock()
        self.jobs: set[asyncio.Task[None]] = set()
        self.db = sqlite3.connect(database, timeout=20, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA synchronous=OFF")  # what is lost with the machine is not looked at here
        apart = "apart." if fault == "keeps its keys in a database apart" else ""
        self.db.execute("ATTACH ? AS apart", (f"{database}.apart" if apart else ":memory:",))
        self.db.executescript(TABLES.replace("EXISTS loads", f"EXISTS {apart}loads"))
        if fault == "forgets its keys at the start":
            self.db.execute("DELETE FROM loads")

    def begin(self) -> None:
        if self.db.in_transaction:
            self.db.execute("COMMIT")
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if self.fault != "answers before it commits" and self.db.in_transaction:
            self.db.execute("COMMIT")

    def find(self, reference: str) -> Load | None:
        row = self.db.execute("SELECT * FROM loads WHERE reference = ?", (reference,)).fetchone()
        if row and self.fault == "forgets its keys after an hour" and time.time() + self.ahead_s - row["at"] > 3600:
            return None
        return self.memory.get(reference) or (dict(row) if row else None)

    def keep(self, load: Load, **changed: object) -> None:
        load = {**load, **changed}
        null = load["state"] == "unloaded" and not load["van"]
        if self.fault == "keeps its keys in memory" or (null and self.fault == "keeps null compensations in memory"):
            self.memory[load["reference"]] = load
            return
        values = [*(load[name] for name in FIELDS), time.time() + self.ahead_s]
        self.db.execute("INSERT OR REPLACE INTO loads VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def use(self, van: str, boxes: int) -> None:
        self.db.execute("UPDATE vans SET room = room - ? WHERE van = ?", (boxes, van))

    def room(self, van: str) -> int:
        row = self.db.execute("SELECT room FROM vans WHERE van = ?", (van,)).fetchone()
        return row["room"] if row else 0

    def tell(self, load: Load, result: str) -> None:
        body = {"reference": load["reference"], "outcome" if self.fault == "changes the callback" else "result": result}
        if self.fault != "never calls back":
            self.db.execute(
                "INSERT INTO outbox (reply_to, headers, body) VALUES (?, ?, ?)",
                (load["reply_to"], load["headers"], json.dumps(body)),
            )

    async def load(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        known = self.find(body["reference"])
        if self.fault == "checks, then acts" and known is None:
            self.db.execute("COMMIT")
            await asyncio.sleep(0.1)
            self.begin()
        if known is None:
            return self.plan(body, headers)
        if known["state"] == "unloaded":
            if self.fault == ("loads again after its unload" if known["van"] else "loads after a null unload"):
                return self.plan(body, headers)
            return 410, {"error": "unloaded"}
        if (known["van"], known["boxes"]) != (body["van"], body["boxes"]) and self.fault != "takes any body":
            return 409, {"error": "other_load"}
        return self.again(known, body, headers)

    def plan(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        told = "{}" if self.fault == "drops the correlation" else json.dumps(headers)
        load = {**body, "headers": told, "state": "planned", "room_before": self.room(body["van"])}
        self.keep(load)
        if self.fault in WORKS_AT_ONCE:
            self.start(load)
        said = {"status" if self.fault == "renames a field" else "state": "planned"}
        return (207 if self.fault == "changes a status" else 202), said

    def again(self, known: Load, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        if known["state"] == "planned":
            return 202, {"state": "planned"}
        if known["state"] == "no_room":
            return self.plan(body, headers) if self.fault == "tries refused keys again" else (422, {"error": "no_room"})
        if self.fault == "looks for room before the key" and self.room(known["van"]) < known["boxes"]:
            return 422, {"error": "no_room"}
        self.use(known["van"], known["boxes"] if self.fault == "loads again" else 0)
        return 200, {"state": "loaded"}

    def start(self, load: Load) -> None:
        job = asyncio.create_task(self.work(load))
        self.jobs.add(job)
        self.at_work.add(load["reference"])
        job.add_done_callback(self.jobs.discard)
        job.add_done_callback(lambda _: self.at_work.discard(load["reference"]))

    async def work(self, load: Load) -> None:
        """Load what was planned."""
        if self.fault in ("loads what was unloaded", "loads what it refuses"):
            await asyncio.sleep(0.4)  # seen for sure after the call, and not beside it
        async with self.turn:
            if self.fits(load) and not await self.outside("POST", self.name_outside(load["reference"])):
                return  # the next round tries again
            self.begin()
            now = self.find(load["reference"]) or load
            if now["state"] == "planned" or self.fault in WORKS_AT_ONCE:
                self.finish(load, now)
            self.db.execute("COMMIT")

    def fits(self, load: Load) -> bool:
        now = self.find(load["reference"])
        return now is not None and now["state"] == "planned" and self.room(load["van"]) >= load["boxes"]

    def name_outside(self, reference: str) -> str:
        """Give the key under which the carrier is asked."""
        self.asked.append(reference)
        return f"{reference}-{self.asked.count(reference)}" if self.fault == "asks under a new key each time" else reference

    async def outside(self, method: str, reference: str) -> bool:
        """Order or cancel what the carrier has under a key, where there is a carrier; is it so?"""
        url = f"{CARRIER}/pickups/{quote(reference, safe='')}"
        return not CARRIER or await called(method, url, {}, {}) in (b"201", b"204", b"404")

    def finish(self, load: Load, now: Load) -> None:
        van = self.db.execute("SELECT * FROM vans WHERE van = ?", (load["van"],)).fetchone()
        full = van is None or van["room"] < load["boxes"]
        held = bool(van and van["exclusive"] and van["customer"] not in (None, load["reference"]))
        if full or (held and self.fault != "holds nothing"):
            self.use(load["van"], load["boxes"] if self.fault == "loads what it refuses" else 0)
            self.keep(now, state="no_room")
            self.tell(load, "no_room")
            return
        self.use(load["van"], load["boxes"] * (2 if self.fault == "loads twice" else 1))
        self.db.execute("UPDATE vans SET customer = ? WHERE van = ?", (load["reference"], load["van"]))
        self.keep(now, state="unloaded" if now["state"] == "unloaded" else "loaded")
        self.tell(load, "loaded")

    async def unload(self, body: dict[str, Any]) -> Answer:
        known = self.find(body["reference"])
        if self.fault == "unloads beside" and known is None:
            self.db.execute("COMMIT")
            await asyncio.sleep(0.1)
            self.begin()
        if known is None:
            if self.fault == "answers 404 to a null unload":
                return 404, {"error": "unknown"}
            if self.fault != "forgets a null unload":
                nothing = dict.fromkeys(("van", "reply_to", "headers"), "")
                self.keep({"reference": body["reference"], **nothing, "boxes": 0, "room_before": 0}, state="unloaded")
            return 200, {"state": "unloaded"}
        if known["state"] == "loaded" and self.fault == "refuses to unload":
            return 409, {"error": "late"}
        again = known["state"] == "unloaded" and known["van"] and self.fault == "unloads twice"
        if known["state"] == "loaded" or again or (known["state"] == "no_room" and self.fault == "unloads what it refused"):
            self.take_out(known)
        self.keep(known, state="unloaded")
        return 200, {"state": "unloaded"}

    def take_out(self, load: Load) -> None:
        boxes = load["boxes"] - 1 if self.fault == "unloads a part" else load["boxes"]
        if self.fault == "unloads by a snapshot":
            self.db.execute("UPDATE vans SET room = ? WHERE van = ?", (load["room_before"], load["van"]))
        elif self.fault != "unloads nothing":
            self.use(load["van"], -boxes)
        if self.fault != "never frees what it held":
            self.db.execute("UPDATE vans SET customer = NULL WHERE van = ? AND customer = ?", (load["van"], load["reference"]))

    def search(self, body: dict[str, Any]) -> Answer:
        known = self.find(body["reference"])
        if known is not None and known["state"] == "loaded" and self.fault == "unloads when it is asked":
            self.take_out(known)
            self.keep(known, state="unloaded")
        if known is not None and known["state"] == "unloaded" and self.fault == "tells loaded for unloaded":
            return 200, {"state": "loaded"}
        return 200, {"state": known["state"] if known else "unknown"}

    def set_up(self, van: str, room: int, *, exclusive: bool = False) -> Answer:
        self.db.execute("INSERT OR REPLACE INTO vans VALUES (?, ?, ?, NULL)", (van, room, exclusive))
        return 200, {}

    async def answer(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        if path == "/loads" and self.fault == "answers too late":
            time.sleep(0.5)  # noqa: ASYNC251  (all of it stands still)
        async with self.turn if path == "/unloads" and self.fault != "unloads beside" else contextlib.nullcontext():
            if path == "/unloads" and not await self.outside("DELETE", body["reference"]):
                return 503, {}
            self.begin()
            said = await self.act(path, body, headers)
            self.commit()
        return said

    async def act(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        match path:
            case "/loads":
                return await self.load(body, headers)
            case "/unloads":
                return await self.unload(body)
            case "/loads/search":
                return self.search(body)
            case "/_clock":
                self.ahead_s = body["ahead_s"]
            case "/_states":
                return (200, {}) if body.get("action") == "teardown" else self.set_up(**body["params"])
        return 200, {"room": self.room(path.rpartition("/")[2])}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, answer it, and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = {name.title(): value for name, value in re.findall(r"(?m)^([\w-]+): *(.*?)\r$", head)}
            body = json.loads(await reader.readexactly(int(headers.get("Content-Length", 0))) or b"{}")
            correlation = {name: headers.get(name, "") for name in CORRELATION}
            status, said = await self.answer(head.split()[1], body, correlation)
            echoed = {} if self.fault == "drops the correlation" else correlation
            await send(writer, f"HTTP/1.1 {status} -", echoed, said)
        except asyncio.IncompleteReadError:
            pass  # who only looked whether somebody listens
        finally:
            writer.close()

    async def plan_and_tell(self) -> None:
        """Do what is planned, and tell what is to be told, for ever: also what an earlier run has left."""
        while True:
            await asyncio.sleep(WORK_S)
            planned = self.db.execute("SELECT * FROM loads WHERE state = 'planned'").fetchall()
            for row in [*map(dict, planned), *[one for one in self.memory.values() if one["state"] == "planned"]]:
                if self.fault not in WORKS_AT_ONCE and row["reference"] not in self.at_work:
                    self.start(row)
            await asyncio.sleep(0)
            for row in self.db.execute("SELECT * FROM outbox ORDER BY number").fetchall():
                status = await called("POST", row["reply_to"], json.loads(row["headers"]), json.loads(row["body"]))
                if not status.startswith(b"2"):
                    await asyncio.sleep(PAUSE_S)
                if status in (b"200", b"204") or self.fault == "calls back once":
                    self.db.execute("DELETE FROM outbox WHERE number = ?", (row["number"],))


async def send(writer: asyncio.StreamWriter, first_line: str, headers: dict[str, str], body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    own = {"Content-Type": "application/json", "Content-Length": len(content), "Connection": "close", **headers}
    lines = [first_line, *(f"{name}: {value}" for name, value in own.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + content)
    await writer.drain()


async def called(method: str, url: str, headers: dict[str, str], body: dict[str, Any]) -> bytes:
    """Call somebody; give the status, or nothing when there was no answer."""
    to = urlsplit(url)
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(to.hostname, to.port)
            try:
                await send(writer, f"{method} {to.path} HTTP/1.1\r\nHost: {to.netloc}", headers, body)
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
    return b"".join(line.split()[1:2])


async def serve(port: int, database: str, fault: str = "") -> None:
    """Serve until it is cancelled."""
    courier = Courier(database, fault)
    async with await asyncio.start_server(courier.serve, "127.0.0.1", port):
        await courier.plan_and_tell()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], os.environ.get("FAULT", "")))
