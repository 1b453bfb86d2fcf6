"""A participant of one step, written by hand from the guide alone: nothing of it comes from the code that it is to check.

It reads the plain JSON of a file of the kind that `definitions` makes: keys in a header, one address for each call, flat bodies.
"""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from hypothesis import strategies as st

Json = dict[str, Any]
LEFT = 3
LOOKUP = {
    "request": {"method": "GET", "path": "/holds", "query": {"of": "{key}"}},
    "replies": {"found": {"status": 200, "body": {"id": {"$like": "h-1"}}}, "absent": {"status": 404}},
    "outputs": {"id": "/id"},
}
TOO_MUCH = 1000


@st.composite
def definitions(draw: st.DrawFn) -> Json:
    """A strategy: sagas of one step that can be undone, with whatever replies are left out or told apart in another way."""
    key = {"Key": "{key}"}
    codes = iter(draw(st.permutations([200, 201, 202, 203, 400, 402, 404, 409, 410, 412, 415, 417])))

    def reply(name: str) -> Json:
        by_body = draw(st.booleans())
        return {"status": 200, "body": {"state": name}} if by_body else {"status": next(codes)}

    def several(name: str) -> Json | list[Json]:
        others = [{"status": 200, "body": {"state": name, "more": number}} for number in range(draw(st.integers(0, 2)))]
        return [reply(name), *others] if others else reply(name)

    def some(*names: str) -> Json:
        return {name: several(name) for name in names if draw(st.booleans())}

    given: Json = {"enough": [{"state": "stock", "params": {"item": "{payload.item}", "left": LEFT}}]}
    forward = {"done": reply("done"), **some("done_again", "suspended", "misused")}
    if draw(st.booleans()):
        given["refusing"] = [{"state": "stock", "params": {"item": "{payload.item}", "left": 0}}]
        forward["refused"] = several("refused")
    elif draw(st.booleans()):
        given["refusing_payload"] = {"amount": TOO_MUCH}
        forward["refused"] = several("refused")
    if draw(st.booleans()):
        given["retryable"] = [{"state": "closed", "params": {"item": "{payload.item}"}}]
        forward |= some("retryable")
    accepts = not {"suspended", "refused"} & forward.keys() or draw(st.booleans())
    body = {"item": "{payload.item}", "amount": "{payload.amount}"}
    step: Json = {
        "step": "take",
        "participant": "stock",
        "class": "compensatable",
        "tries": draw(st.integers(1, 3)),
        "timeout_ms": 20_000,
        "given": given,
        "forward": {"request": {"method": "POST", "path": "/take", "headers": key, "body": body}, "replies": forward},
        "compensate": {
            "request": {"method": "POST", "path": "/back", "headers": key},
            "replies": {"done": several("done"), **some("done_again", "null")},
        },
    }
    if draw(st.booleans()):
        states = {"applied": several("applied"), "absent": reply("absent"), **some("compensated", "refused")}
        step["status"] = {"request": {"method": "GET", "path": "/status", "headers": key}, "replies": states}
    if draw(st.booleans()):
        reads = {"before": {"left": LEFT}, "applied": {"left": LEFT - 1}}
        reads |= {} if "refusing_payload" in given else {"refusing": {"left": 0}}
        step["probe"] = {"request": {"method": "GET", "path": "/items/{payload.item}"}, "reads": reads}
    if draw(st.booleans()):
        step["forward"]["outputs"] = {"id": {"header": "Location", "match": "/holds/{value}"}}
        step["compensate"]["request"] = {"method": "DELETE", "path": "/holds/{outputs.take.id}"}
        step |= {"lookup": LOOKUP} if draw(st.booleans()) else {}
    policies = {"suspended_forward": "accepted" if accepts else "refused"}
    payload = {"schema": {"type": "object"}, "example": {"item": "i-1", "amount": 2}, "fresh": ["item"]}
    return {"format": 1, "saga": "small", "owner": "shop", "payload": payload, "policies": policies, "steps": [step]}


def hold_of(key: str) -> str:
    """Give the id of what was taken for a key."""
    return f"h-{key[::-1].replace(':', '.')}"


class Stock(BaseHTTPRequestHandler):
    """Takes one piece of an item for each key."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    saga: Json
    left: dict[str, int]
    taken: dict[str, Json]
    closed: set[str]
    closed_to_all: bool

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path == "/_states" and body.get("action") == "teardown":
            self.answer({"status": 200})
        elif self.path == "/_states":
            self.set_up(body["state"], **body["params"])
            self.answer({"status": 200})
        elif self.path == "/take":
            self.say("forward", *self.take(self.headers["Key"], body))
        elif self.path == "/back":
            self.say("compensate", *self.back(self.headers["Key"]))

    def do_GET(self) -> None:
        if self.closed and self.closed_to_all:
            self.answer({"status": 503})
            return
        if self.path.startswith("/holds?of="):
            key = unquote(self.path.removeprefix("/holds?of="))
            found = self.taken.get(key, {"is": "absent"})["is"] == "applied"
            self.answer({"status": 200, "body": {"id": hold_of(key)}} if found else {"status": 404})
            return
        if self.path != "/status":
            self.answer({"status": 200, "body": {"left": self.left[self.path.removeprefix("/items/")]}})
            return
        row = self.taken.get(self.headers["Key"], {"is": "absent"})
        self.say("status", row["is"], "absent")

    def do_DELETE(self) -> None:
        self.say("compensate", *self.back(next(key for key in self.taken if self.path == f"/holds/{hold_of(key)}")))

    def set_up(self, state: str, item: str, left: int = LEFT) -> None:
        """Take a precondition: so many pieces, or none given out now."""
        self.left[item] = left
        (self.closed.add if state == "closed" else self.closed.discard)(item)

    def take(self, key: str, body: Json) -> tuple[str, ...]:
        """Give the names of the reply, the best one first."""
        row = self.taken.get(key)
        if row is not None and row["is"] == "compensated":
            accepts = self.saga["policies"]["suspended_forward"] == "accepted"
            return ("suspended", "done_again", "done") if accepts else ("suspended", "refused")
        if row is not None and row["body"] != body:
            return ("misused", "422")
        if row is not None:
            return ("done_again", "done") if row["is"] == "applied" else ("refused",)
        if body["item"] in self.closed:
            return ("retryable", "503")
        there = self.left[body["item"]] > 0 and body["amount"] != TOO_MUCH
        self.taken[key] = {"is": "applied" if there else "refused", "body": body}
        self.left[body["item"]] -= there
        return ("done",) if there else ("refused",)

    def back(self, key: str) -> tuple[str, ...]:
        """Give the names of the reply, the best one first."""
        row = self.taken.setdefault(key, {"is": "never"})
        was, row["is"] = row["is"], "compensated"
        if was == "applied":
            self.left[row["body"]["item"]] += 1
        return {"never": ("null", "done"), "compensated": ("done_again", "done")}.get(was, ("done",))

    def say(self, role: str, *names: str) -> None:
        declared = self.saga["steps"][0][role]["replies"] | {"422": {"status": 422}, "503": {"status": 503}}
        found = next(declared[name] for name in names if name in declared)
        self.answer(random.Random(f"{self.headers['Key']} {role}").choice(found) if isinstance(found, list) else found)

    def answer(self, reply: Json) -> None:
        content = json.dumps(reply["body"]).encode() if "body" in reply else b""
        self.send_response(reply["status"])
        if self.headers["Key"] is not None:
            self.send_header("Location", f"http://stock.example/holds/{hold_of(self.headers['Key'])}")
        for name in ("Saga-Id", "Saga-Step"):
            self.send_header(name, self.headers.get(name, ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


@contextmanager
def running(saga: Json) -> Iterator[str]:
    """Serve the participant and give its base URL."""
    handler = type(
        "Bound",
        (Stock,),
        {"saga": saga, "left": {}, "taken": {}, "closed": set(), "closed_to_all": len(json.dumps(saga)) % 2 == 0},
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
