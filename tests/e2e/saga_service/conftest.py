"""A real process of the saga service, an abstract saga, and a participant over real HTTP that behaves as the test says.

Every test has a run of its own: its name stands in the paths of all calls, so that runs never meet each other's script.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import patience
from patience import PATIENCE_S
from postgres import cluster_of, else_on_sqlite
from saga_verifier.isolation.process.ports import Reservation

E2E = Path(__file__).parents[3] / "e2e"
PATH = re.compile(r"/runs/(?P<run>[^/]+)/(?P<step>[^/]+)/(?P<role>[^/]+)")


def _step(name: str, step_class: str, after: list[str], **more: Any) -> dict[str, Any]:
    def call(method: str, role: str, replies: dict[str, Any], body: Any = None) -> dict[str, Any]:
        request = {"method": method, "path": f"/runs/{{payload.run}}/{name}/{role}", "headers": {"Key": "{key}"}}
        return {"request": request | ({} if body is None else {"body": body}), "replies": replies}

    done: dict[str, Any] = {"status": 200, "body": {"state": "done"}}
    replies = {"done": done, "suspended": {"status": 409}}
    if step_class != "retriable":
        replies["refused"] = {"status": 422, "body": {"error": "refused"}}
    body: dict[str, Any] = {"run": "{payload.run}"}
    step: dict[str, Any] = {"step": name, "participant": "partner", "class": step_class, "after": after, "tries": 2}
    if more.get("completion") == "poll":
        replies["in_progress"] = {"status": 202}
    if more.get("completion") == "callback":
        replies["in_progress"] = {"status": 202}
        body["callback_url"] = "{callback_url}"
        step["callback"] = {
            "request": {"method": "POST", "path": "{callback_url}", "body": {"key": "{key}"}},
            "outcomes": {"done": {"outcome": "done"}, "refused": {"outcome": "refused"}},
            "replies": {"done": {"status": 204}},
        }
    step["forward"] = call("POST", "do", replies, body)
    if step_class == "compensatable":
        step["compensate"] = call("POST", "undo", {"done": {"status": 200}, "impossible": {"status": 410}})
    states = ("applied", "absent", "compensated", "refused", "in_progress")
    step["status"] = call("GET", "status", {state: {"status": 200, "body": {"state": state}} for state in states})
    return step | {"timeout_ms": 30_000, "callback_timeout_ms": 60_000} | more


def _definition(name: str, steps: list[dict[str, Any]], **policies: Any) -> dict[str, Any]:
    told = {
        "participant": "partner",
        "request": {"method": "POST", "path": "/runs/{payload.run}/{step}/told", "body": {"event": "{event}"}},
        "replies": {"done": {"status": 204}},
    }
    return {
        "format": 1,
        "saga": name,
        "owner": "partner",
        "payload": {
            "schema": {"type": "object", "required": ["run"], "properties": {"run": {"type": "string"}}},
            "example": {"run": "r", "extra": "e"},
        },
        "policies": {"owner_notification": told} | policies,
        "steps": steps,
    }


def _first() -> dict[str, Any]:
    step = _step("first", "compensatable", [])
    step["forward"]["replies"]["done"] = {"status": 200, "body": {"state": "done", "id": {"$like": "x"}}}
    step["forward"]["outputs"] = {"id": "/id"}
    return step


def _left() -> dict[str, Any]:
    step = _step("left", "compensatable", ["first"])
    step["forward"]["request"]["body"]["first"] = "{outputs.first.id}"
    return step


def _each(name: str, after: list[str]) -> dict[str, Any]:
    """Give a step that is run for each item; the items stand in the paths, as steps do elsewhere."""
    step = _step(name, "compensatable", after, for_each="{payload.items}", completion="callback")
    for role in ("forward", "compensate", "status"):
        step[role]["request"]["path"] = step[role]["request"]["path"].replace(name, "{item.sku}")
    return step


def _listed(steps: list[dict[str, Any]]) -> dict[str, Any]:
    found = _definition("basket", steps)
    found["payload"]["example"]["items"] = [{"sku": "a"}, {"sku": "b"}]
    return found


def _patient() -> dict[str, Any]:
    """Give a step that is tried once, and undone four times."""
    step = _step("held", "compensatable", [], tries=1)
    step["compensate"]["tries"] = 4
    return step


def _undone_for_long() -> dict[str, Any]:
    """Give a step whose undoing declares its pauses."""
    step = _step("held", "compensatable", [], backoff={"first_ms": 10, "longest_ms": 40})
    step["compensate"]["tries"] = 1
    return step


def _refusable() -> dict[str, Any]:
    return _step("next", "compensatable", ["held"], backoff={"first_ms": 10})


def _looked_up() -> dict[str, Any]:
    """Give a step that only reads."""
    step = _step("look", "read_only", ["stays"])
    del step["status"], step["forward"]["replies"]["suspended"]
    return step


FAILING: dict[str, tuple[int, Any] | None] = {
    "lose": None,
    "503": (503, None),
    "garbage": (418, "?"),
    "refuse": (422, {"error": "refused"}),
    "suspend": (409, None),
    "impossible": (410, None),
}
DEFINITIONS: dict[str, dict[str, Any]] = {
    # first → left beside right (by callback) → last
    "diamond": _definition(
        "diamond",
        [
            _first(),
            _left(),
            _step("right", "compensatable", ["first"], completion="callback"),
            _step("last", "retriable", ["left", "right"]),
        ],
    ),
    "strict": _definition(  # siblings are cancelled, the undoing stops at a failure
        "strict",
        [
            _step("first", "compensatable", []),
            _step("left", "compensatable", ["first"]),
            _step("right", "compensatable", ["first"], completion="callback"),
        ],
        siblings_of_failed_step="cancel",
        failing_compensation="stop",
    ),
    "hasty": _definition(  # short waits
        "hasty",
        [
            _step("left", "compensatable", [], timeout_ms=300, tries=9),
            _step("right", "compensatable", [], completion="callback", callback_timeout_ms=300),
        ],
    ),
    "polled": _definition(
        "polled",
        [
            _step("ask", "compensatable", [], completion="poll", poll={"interval_ms": 20, "timeout_ms": 400}),
            _step("next", "compensatable", ["ask"]),
        ],
    ),
    "decided": _definition(
        "decided",
        [
            _step("hold", "compensatable", []),
            _step("decide", "pivot", ["hold"]),
            _step("tell", "retriable", ["decide"]),
            _step("count", "retriable", ["decide"]),
        ],
        ask_for_ms=100,
    ),
    # extra only for "e", then last; extra is undone first by hand, though nothing says that it comes after base
    "branching": _definition(
        "branching",
        [
            _step("base", "compensatable", [], undo_after=["extra"]),
            _step("extra", "compensatable", [], when='{payload.extra} == "e"', otherwise={"extra": "none"}, undo_after=[]),
            _step("next", "compensatable", ["base", "extra"], undo_after=["base"]),
            _step("last", "retriable", ["next"]),
        ],
    ),
    "basket": _listed(  # first → one for each item, undone before it → last
        [
            _step("first", "compensatable", []),
            _each("each", ["first"]),
            _step("last", "compensatable", ["each"]),
        ],
    ),
    "timed": _definition(  # the saga has little time
        "timed",
        [
            _step("first", "compensatable", []),
            _step("slow", "compensatable", ["first"]),
            _step("turn", "pivot", ["slow"]),
            _step("last", "retriable", ["turn"]),
        ],
    )
    | {"timeout_ms": 400},
    "timed_strict": _definition(  # and what runs by then is cancelled
        "timed_strict",
        [
            _step("slow", "compensatable", []),
            _step("next", "compensatable", ["slow"]),
        ],
        siblings_of_failed_step="cancel",
    )
    | {"timeout_ms": 400},
    "asked": _definition(  # a pivot is asked for as long as it takes
        "asked", [_step("hold", "compensatable", []), _step("decide", "pivot", ["hold"])], ask_for_ms=600_000
    ),
    "sure": _definition(  # nobody asks for the pivot
        "sure", [_step("hold", "compensatable", []), _step("decide", "pivot", ["hold"])], uncertain_pivot="forward"
    ),
    "unhurried": _definition(
        "unhurried",
        [
            _step("pay", "compensatable", [], tries=3, backoff={"first_ms": 200, "factor": 3}),
            _step("next", "compensatable", ["pay"]),
        ],
    ),
    # undone for a time, however few its tries are
    "obstinate": _definition("obstinate", [_undone_for_long(), _refusable()], undo_for_ms=600_000),
    "hurried": _definition("hurried", [_undone_for_long(), _refusable()], undo_for_ms=300),
    "patient": _definition("patient", [_patient(), _step("next", "compensatable", ["held"], tries=1)]),
    "legacy": _definition(  # what was done stays done; between, something is only read
        "legacy",
        [_step("stays", "compensatable", [], compensate="none"), _looked_up(), _step("tell", "retriable", ["look"])],
    ),
    "lenient": _definition(
        "lenient",
        [
            _step("need", "compensatable", []),
            _step("extra", "compensatable", ["need"], optional=True),
            _step("last", "retriable", ["extra"]),
        ],
    ),
}


@dataclass
class Call:
    run: str
    step: str
    role: str
    key: str
    headers: dict[str, str]
    body: Any
    at_s: float = 0.0


@dataclass
class Run:
    """What one test's run looks like from the participant.

    Attributes:
        script: By (step, role): how the calls are answered in turn; the last entry stands for all that follow. See `Partner`.
        effects: By step: how often an effect was made, less how often it was undone.
        made: By step: how often an effect was made.
    """

    script: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    undone: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Condition = field(default_factory=threading.Condition)

    def order(self, role: str) -> list[str]:
        with self.lock:
            return [call.step for call in self.calls if call.role == role]

    def count(self, step: str, role: str) -> int:
        return self.order(role).count(step)


class Server(ThreadingHTTPServer):
    """Does not mind callers that are gone."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Partner:
    """All participants and the owner in one: idempotent by key, remembers what was undone before it came.

    Words of a script: `ok`; `refuse`; `refuse after STEP` (once that step was called, too); `suspend`; `drop` (has its effect,
    the reply is lost); `lose` (no effect, no reply); `late` (so, and its effect comes when the
    gate opens); `hang` (has its effect, answers when the gate opens); `wait` (as `ok`, once
    the gate is open); `503`; `garbage`; `impossible`. For a callback step also `202` (accepts, does not call back), `early`
    (calls back before it answers), `early drop` (so, and the reply is lost), `no` (accepts, calls back a refusal). For a status
    call the state to tell.
    """

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.is_healthy, self.asked = True, 0
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        for run in self.runs.values():
            run.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, call: Call) -> tuple[int, Any] | None:
        run = self.runs[call.run]
        with run.lock:
            call.at_s = time.monotonic()
            run.calls.append(call)
            run.lock.notify_all()
            place = sum(1 for one in run.calls if (one.step, one.role) == (call.step, call.role)) - 1
        words = run.script.get((call.step, call.role), ["ok"])
        word = words[min(place, len(words) - 1)]
        if word == "wait":
            run.gate.wait(PATIENCE_S)
        if word.startswith("refuse after "):
            with run.lock:
                run.lock.wait_for(lambda: run.count(word.rpartition(" ")[2], call.role), PATIENCE_S)
            word = "refuse"
        return {"do": self._do, "undo": self._undo, "status": self._status, "told": self._told}[call.role](run, call, word)

    def _do(self, run: Run, call: Call, word: str) -> tuple[int, Any] | None:
        if word in FAILING:
            return FAILING[word]
        if word == "late":
            threading.Thread(target=lambda: run.gate.wait(PATIENCE_S) and self._do(run, call, "ok"), daemon=True).start()
            return None
        with run.lock:
            if call.step in run.undone:
                return 409, None
            if not run.effects[call.step] and word != "no":
                run.effects[call.step] += 1
                run.made[call.step] += 1
        url: str | None = (call.body or {}).get("callback_url")
        if url and word.startswith("early"):
            _call_back(url, call.key, "done")
        if word == "hang":
            run.gate.wait(PATIENCE_S)
        if url and word in ("ok", "no", "wait"):
            threading.Thread(target=_call_back, args=(url, call.key, "done" if word != "no" else "refused")).start()
        return (
            None
            if word in ("drop", "early drop")
            else (202, None)
            if url or word == "202"
            else (200, {"state": "done", "id": f"id of {call.step}"})
        )

    def _undo(self, run: Run, call: Call, word: str) -> tuple[int, Any] | None:
        if word in FAILING:
            return FAILING[word]
        with run.lock:
            run.undone.add(call.step)
            run.effects[call.step] = 0
        if word == "hang":
            run.gate.wait(PATIENCE_S)
        return None if word == "drop" else (200, {"state": "undone"})

    def _status(self, run: Run, call: Call, word: str) -> tuple[int, Any] | None:
        if word in FAILING:
            return FAILING[word]
        with run.lock:
            state = "compensated" if call.step in run.undone else "applied" if run.effects[call.step] else "absent"
        return 200, {"state": state if word == "ok" else word}

    def _told(self, run: Run, _: Call, word: str) -> tuple[int, Any] | None:
        if word == "hang":
            run.gate.wait(PATIENCE_S)
        return FAILING.get(word, (204, None))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_call(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if self.path == "/health":
                    partner.asked += 1
                    self.send_response(200 if partner.is_healthy else 503)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                place = PATH.fullmatch(self.path)
                assert place is not None
                body = json.loads(raw) if raw else None
                reply = partner.answer(Call(place["run"], place["step"], place["role"], headers.get("key", ""), headers, body))
                if reply is None:
                    self.close_connection = True
                    return
                content = b"" if reply[1] is None else json.dumps(reply[1]).encode()
                self.send_response(reply[0])
                if reply[0] != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = handle_call  # noqa: N815  (http.server's names)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
                pass

        return Handler


class Process:
    """One process of the saga service, which can be killed and started again on the same databases and port."""

    def __init__(self, workdir: Path, partner: Partner, **environment: str) -> None:
        self._port = Reservation()  # nobody else gets it while the process is down
        port = self._port.port
        self.workdir, self.url = workdir, f"http://127.0.0.1:{port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(E2E), str(E2E.parent / "contracts")]),
            "PORT": str(port),
            "SAGA_PARTICIPANTS": json.dumps({"partner": partner.url}),
            "SAGA_HEALTH": json.dumps({"*": "/health"}),
            "SAGA_BACKOFF_MS": "10",
            **environment,
        }
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE_S)
        self.log = (workdir / "log").open("ab")
        self.start()
        for name, definition in DEFINITIONS.items():
            assert self.http.put(f"/definitions/{name}", json=definition).status_code in (200, 201)

    @staticmethod
    def urls(own: str, of_the_engine: str) -> dict[str, str]:
        return {"DATABASE_URL": own, "SYSTEM_DATABASE_URL": of_the_engine}

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "saga_service"], env=self.environment, cwd=self.workdir, stderr=self.log
        )
        patience.wait_until(self._healthy)

    def _healthy(self) -> bool:
        assert self.process.poll() is None, (self.workdir / "log").read_text()
        try:
            return self.http.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, by: signal.Signals) -> None:
        self.process.send_signal(by)
        self.process.wait(PATIENCE_S)

    def stop(self) -> None:
        self.end(signal.SIGTERM)
        self.http.close()
        self.log.close()
        self._port.release()

    def create(self, saga: str, run: str, **payload: Any) -> str:
        wanted = {"saga": saga, "request_id": f"of-{run}", "payload": {"run": run, **payload}}
        response = self.http.post("/sagas", json=wanted)
        assert response.status_code == 201, response.text
        return str(response.json()["saga_id"])

    def saga(self, saga_id: str) -> dict[str, Any]:
        response = self.http.get(f"/sagas/{saga_id}")
        assert response.status_code == 200
        found: dict[str, Any] = response.json()
        return found

    def ended(self, saga_id: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until a saga is at its end and its owner was told."""

        def look() -> dict[str, Any] | None:
            saga = self.saga(saga_id)
            told = all(one["state"] != "pending" for one in saga["notifications"])
            return saga if told and saga["state"] not in ("running", "compensating") else None

        found: dict[str, Any] = patience.wait_until(look, timeout_s)
        return found

    def call_back(self, key: str, body: Any) -> int:
        return self.http.post(f"/callbacks/{key}", json=body).status_code


Databases = Callable[[Path], dict[str, str]]


def _call_back(url: str, key: str, outcome: str) -> None:
    """Call back at least once: again while nobody takes it."""
    for _ in range(200):
        try:
            if httpx.post(url, json={"key": key, "outcome": outcome}, trust_env=False).status_code == 204:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)


@pytest.fixture(scope="session")
def partner() -> Iterator[Partner]:
    partner = Partner()
    yield partner
    partner.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    else_on_sqlite(metafunc)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Databases:
    """Two fresh databases for each process: files in its folder, or databases of a PostgreSQL server."""
    if request.param == "sqlite":
        return lambda workdir: Process.urls(f"sqlite:///{workdir}/sagas.sqlite", f"sqlite:///{workdir}/system.sqlite")
    cluster = cluster_of(request.config)
    return lambda _: Process.urls(cluster.database("sagas"), cluster.database("system"))


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory, partner: Partner, database: Databases) -> Iterator[Process]:
    """One process for all tests that do not kill it."""
    folder = tmp_path_factory.mktemp("service")
    process = Process(folder, partner, **database(folder))
    yield process
    process.stop()


@pytest.fixture
def start_service(partner: Partner) -> Iterator[Callable[..., Process]]:
    """Starts processes of the test's own, in a folder and with variables as the test says."""
    yield from _starting(partner)


def _starting(partner: Partner) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(folder: Path, **variables: str) -> Process:
        started.append(Process(folder, partner, **variables))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture(scope="module")
def module_partner() -> Iterator[Partner]:
    """A participant that the tests of a module may let be ill."""
    own = Partner()
    yield own
    own.stop()


@pytest.fixture(scope="module")
def start_for_module(partner: Partner) -> Iterator[Callable[..., Process]]:
    """As `start_service`, for all tests of a module: a start takes longer than most tests."""
    yield from _starting(partner)


@pytest.fixture
def own_service(tmp_path: Path, start_service: Callable[..., Process], database: Databases) -> Process:
    """A process that the test may kill."""
    return start_service(tmp_path, **database(tmp_path))


@pytest.fixture
def new_run(partner: Partner) -> Iterator[Callable[..., tuple[str, Run]]]:
    """Starts a run with a script; gives its name and what the participant sees of it."""
    begun: list[Run] = []

    def new(script: dict[tuple[str, str], list[str]] | None = None, at: Partner = partner) -> tuple[str, Run]:
        name = f"run-{uuid.uuid4().hex[:8]}"
        at.runs[name] = Run(script or {})
        begun.append(at.runs[name])
        return name, at.runs[name]

    yield new
    for run in begun:
        run.gate.set()


@pytest.fixture
def play(shared_service: Process, new_run: Callable[..., tuple[str, Run]]) -> Callable[..., tuple[dict[str, Any], Run]]:
    """Plays a saga to its end under a script; gives what the service tells of it and what the participant saw."""

    def played(saga: str, script: dict[tuple[str, str], list[str]] | None = None, **payload: Any) -> tuple[dict[str, Any], Run]:
        name, run = new_run(script)
        return shared_service.ended(shared_service.create(saga, name, **payload)), run

    return played


@pytest.fixture
def together() -> Iterator[Callable[..., list[Any]]]:
    """Run the given calls side by side and give their results in the order of the calls."""
    with ThreadPoolExecutor(8) as pool:
        yield lambda *calls: [future.result(timeout=PATIENCE_S) for future in [pool.submit(call) for call in calls]]


@pytest.fixture
def definitions() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(json.dumps(DEFINITIONS))
    return found


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any], float], Any]:
    return patience.wait_until
