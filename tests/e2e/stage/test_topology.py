"""Starting a whole topology, with small servers in the place of the services."""

import json
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S, wait_until
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError
from saga_contracts.wire.requests import StepCall
from saga_e2e.play.gather import Services, new_client
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.errors import GivenUpError, IsolationError
from saga_verifier.isolation.process.backend import ProcessIsolation, ProcessRunning
from saga_verifier.isolation.process.ports import Reservation
from saga_verifier.isolation.spec import Spec
from saga_verifier.provider_file import HealthCheck, Orchestrator, ProbeForm, ProviderFile, Start, States

TELLS_ITS_ENVIRONMENT = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            print("the last words", flush=True)
            os._exit(3)
        body = json.dumps(dict(os.environ, PID=str(os.getpid()), PATH_ASKED=self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SERVICES = ("saga_service", "user_service", "vas_owner")
ADAPTER = Orchestrator.model_validate(
    {
        "env": {"EVERYBODY": "{addresses}", "USERS": "{address:user_service}/v1", "CALL_ME": "{callback_base}"},
        "create": {"request": {"method": "POST", "path": "/"}, "id": "id"},
        "read": {
            "request": {"method": "GET", "path": "/"},
            "state": "state",
            "words": {"committed": ["DONE"], "compensated": ["UNDONE"]},
        },
    }
)


@pytest.fixture
def small(saga_of: Any) -> Saga:
    """A saga of one step."""
    saga: Saga = saga_of({"step": "first"})
    return saga


@pytest.fixture
def land(tmp_path: Path) -> Landscape:
    return landscape(tmp_path, {})


def landscape(folder: Path, code: Mapping[str, str]) -> Landscape:
    """Every service tells its environment, except those that get other code."""
    return Landscape({}, {name: provider(name, folder, code.get(name, TELLS_ITS_ENVIRONMENT)) for name in SERVICES})


def provider(name: str, folder: Path, code: str) -> ProviderFile:
    start = Start(command=("{python}", "-c", code), env={"PORT": "{port}"})
    return ProviderFile(
        format=1,
        provider=name,
        start=start,
        health=HealthCheck(timeout_s=PATIENCE_S),
        states=States(path="/_states"),
        orchestrator=ADAPTER if name == "saga_service" else None,
        folder=folder,
    )


def environment(url: str) -> dict[str, str]:
    found: dict[str, str] = httpx.get(url, trust_env=False).json()
    return found


def test_the_saga_service_reaches_everybody_only_through_the_proxy(small: Saga, land: Landscape) -> None:
    with Topology(land, small) as topology:
        told = environment(topology.service_url)

        assert json.loads(told["EVERYBODY"]) == {
            "user_service": topology.proxy.url_of("user_service"),
            "vas_owner": topology.proxy.url_of("vas_owner"),
        }
        assert told["USERS"] == f"{topology.proxy.url_of('user_service')}/v1"
        assert told["CALL_ME"] == topology.proxy.url_of("saga_service")
        assert "EVERYBODY" not in environment(topology.url_of("user_service"))
        for name in SERVICES:
            assert environment(topology.proxy.url_of(name))["PID"] == environment(topology.url_of(name))["PID"]
        assert topology.states_url("user_service") == f"{topology.url_of('user_service')}/_states"


def test_calls_go_under_a_services_base_path(small: Saga, land: Landscape) -> None:
    based = {
        name: one.model_copy(update={"base_path": "/api/v1"})
        for name, one in land.providers.items()
        if isinstance(one, ProviderFile)
    }
    with Topology(Landscape({}, based), small) as topology:
        assert environment(f"{topology.proxy.url_of('user_service')}/first")["PATH_ASKED"] == "/api/v1/first"
        assert topology.calls_url("user_service") == f"{topology.url_of('user_service')}/api/v1"
        assert topology.states_url("user_service") == f"{topology.url_of('user_service')}/_states"


PRINTS = "import json, sys; print(json.dumps({'services': sys.argv[1:]}))"
READINGS = [
    ({"command": ["{python}", "-c", PRINTS, "{payload.package}"]}, {"services": ["music"]}, ""),
    ({"requests": ["/users/{payload.user_id}"]}, "/api/users/u-1", ""),
    ({"command": ["nowhere"]}, None, "nowhere cannot be run"),
    (None, None, "the provider file does not say how it is read (`probes`)"),
]


@pytest.mark.parametrize(("form", "read", "trouble"), READINGS)
def test_an_effect_that_no_call_shows_is_read_as_the_provider_file_says(
    saga_of: Any, land: Landscape, form: dict[str, Any] | None, read: Any, trouble: str
) -> None:
    template = saga_of({"step": "first"}).steps[0]
    step = template.model_copy(update={"probe": template.probe.model_copy(update={"request": None})})
    saga = saga_of({"step": "first", "probe": step.probe})
    probes = {} if form is None else {f"{saga.saga}/first": ProbeForm.model_validate(form)}
    changes = {"base_path": "/api", "probes": probes}
    files = {name: one.model_copy(update=changes) for name, one in land.providers.items() if isinstance(one, ProviderFile)}
    call = StepCall("s-1", {"package": "music", "user_id": "u-1"}, {}, "http://x/callbacks/k")
    with Topology(Landscape({}, files), saga) as topology, new_client() as http:
        found, said, place = Services(topology, http)._probed(saga.steps[0], call)

    assert bool(place) == bool(form and "command" in form)
    assert (found["PATH_ASKED"] if isinstance(read, str) else found) == read
    assert trouble in said
    assert bool(said) == bool(trouble)


def test_single_services_get_more_environment(small: Saga, land: Landscape) -> None:
    with Topology(land, small, env={"user_service": {"FAULT": "undo_skips"}}) as topology:
        assert environment(topology.url_of("user_service"))["FAULT"] == "undo_skips"
        assert "FAULT" not in environment(topology.url_of("vas_owner"))


def test_environment_for_an_unknown_service_is_an_error(small: Saga, land: Landscape) -> None:
    with pytest.raises(SagapactError, match="No service of vas_purchase is called user_servce"):
        Topology(land, small, env={"user_servce": {}})


def test_when_the_block_ends_nothing_is_left(small: Saga, land: Landscape, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with Topology(land, small, isolation=ProcessIsolation(folder=data)) as topology:
        pids = [int(environment(topology.url_of(name))["PID"]) for name in SERVICES]
        proxy_url = topology.proxy.base_url
        assert all(is_alive(pid) for pid in pids)

    assert not any(is_alive(pid) for pid in pids)
    assert list(data.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(proxy_url, trust_env=False)


def test_a_service_that_cannot_start_is_named_with_its_last_lines_and_nothing_is_left(small: Saga, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    broken = landscape(tmp_path, {"user_service": "print('no licence was found'); raise SystemExit(3)"})

    with pytest.raises(IsolationError, match=r"user_service[\s\S]*no licence was found"):
        Topology(broken, small, isolation=ProcessIsolation(folder=data)).__enter__()

    assert list(data.iterdir()) == []


def test_a_service_that_ends_in_the_middle_is_named_with_its_last_lines(small: Saga, land: Landscape) -> None:
    with Topology(land, small) as topology:
        assert topology.trouble() is None
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{topology.url_of('vas_owner')}/end", trust_env=False)
        wait_until(lambda: topology.trouble() is not None)

        trouble = topology.trouble()

    assert trouble is not None
    assert "vas_owner has ended" in trouble
    assert "the last words" in trouble


def test_a_service_that_is_kept_down_is_no_trouble_and_runs_again_afterwards(small: Saga, land: Landscape) -> None:
    with Topology(land, small) as topology:
        with topology.down("vas_owner"):
            with pytest.raises(httpx.TransportError):
                httpx.get(topology.url_of("vas_owner"), trust_env=False)
            assert topology.trouble() is None
        assert topology.trouble() is None
        httpx.get(topology.url_of("vas_owner"), trust_env=False)


def test_an_interrupted_start_leaves_nothing_of_what_was_ready_already(small: Saga, land: Landscape, tmp_path: Path) -> None:
    class Interrupting(ProcessIsolation):
        """The last service interrupts the main thread, as a signal does, once the others are ready."""

        def start(self, spec: Spec, *, give_up: Event | None = None) -> ProcessRunning:
            if spec.name == "vas_owner":
                wait_until(lambda: len(ready) == len(SERVICES) - 1)
                signal.pthread_kill(main, signal.SIGUSR1)
                assert give_up is not None
                assert give_up.wait(PATIENCE_S)
                raise GivenUpError("given up")
            running = super().start(spec, give_up=give_up)
            ready.append(running)
            return running

    class SignalledError(Exception):
        """What the signal raises."""

    def interrupt(*_: object) -> None:
        raise SignalledError

    ready: list[ProcessRunning] = []
    main = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(SignalledError), Topology(land, small, isolation=Interrupting(folder=tmp_path)):
            raise AssertionError("it must not get so far")
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert [one.ended() for one in ready] == ["signal SIGTERM"] * 2
    assert list(tmp_path.glob("sagapact-*")) == []


def test_services_that_end_in_the_same_way_are_named_together_with_one_log(small: Saga, land: Landscape) -> None:
    with Topology(land, small) as topology:
        for name in ("user_service", "vas_owner"):
            topology._running[name].kill()
        topology.kill("saga_service")  # by a scenario, which starts it again

        trouble = str(topology.trouble())

    assert trouble.startswith("user_service, vas_owner have ended (signal SIGKILL); the last lines of user_service:\n")
    assert trouble.count("the last lines of") == 1


def test_a_killed_service_is_found_at_its_new_address_when_it_was_started_again(small: Saga, land: Landscape) -> None:
    with Topology(land, small) as topology:
        before = environment(topology.proxy.url_of("user_service"))["PID"]

        topology.restart("user_service")

        assert topology.trouble() is None
        after = environment(topology.proxy.url_of("user_service"))["PID"]
        assert after == environment(topology.url_of("user_service"))["PID"] != before
        assert topology.restarts == 2


def test_programs_beside_the_services_are_started_and_fixed_ports_are_used(small: Saga, land: Landscape, tmp_path: Path) -> None:
    beside = provider("extra", tmp_path, TELLS_ITS_ENVIRONMENT).spec()
    with Reservation() as kept, Topology(land, small, beside=[beside], ports={"vas_owner": kept.port}) as topology:
        assert topology.all_names == (*SERVICES, "extra")
        assert topology.url_of("vas_owner") == f"http://127.0.0.1:{kept.port}"
        assert environment(topology.url_of("extra"))["PID"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
