"""`sagapact verify --isolation container` as a provider's CI runs it: bad input is one message, and nothing is left."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from command_line import ROOT, Sagapact
from patience import wait_until
from repetitions import times
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.owner import NAME_LABEL, RUN_LABEL, owner_of

BILLING = ROOT / "e2e/participants/billing/provider.yaml"
KILLS = times(3)
INTERRUPTIONS = times(2)
LONGEST_RUN_S = 300
PACT = {
    "consumer": {"name": "orders"},
    "provider": {"name": "small"},
    "interactions": [
        {"type": "Synchronous/HTTP", "description": "a call", "request": {"path": "/"}, "response": {"status": 200}}
    ],
    "metadata": {"pactSpecification": {"version": "4.0"}},
}
AS_NOBODY = """
import os
from saga_verifier.isolation.engine import Engine, NoEngineError

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    Engine()
except NoEngineError as error:
    print(error)
"""
Verify = Callable[..., "Run"]


class Run:
    """One run of the command, which may be ended by a signal."""

    def __init__(self, folder: Path, *words: str | Path) -> None:
        command = [sys.executable, "-m", "saga_contracts", "verify", *map(str, words), "--isolation", "container"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.text = ""

    def end(self, signum: int | None = None) -> int:
        """Wait for its end; give its exit status."""
        if signum is not None and self.process.poll() is None:
            self.process.send_signal(signum)
        out, err = self.process.communicate(timeout=LONGEST_RUN_S)
        self.text = out + err
        assert "Traceback" not in self.text, self.text
        return self.process.returncode

    def objects(self, engine: Engine) -> dict[str, str]:
        """Give what it has at the engine: the names that messages call its containers, networks and volumes, by id."""
        listed = [*engine.containers(RUN_LABEL), *engine.networks(RUN_LABEL), *engine.volumes(RUN_LABEL)]
        owners = {name: (owner_of(labels), labels[NAME_LABEL]) for name, labels in listed}
        return {name: called for name, (owner, called) in owners.items() if owner and owner.pid == self.process.pid}


@pytest.fixture
def verify(tmp_path: Path) -> Iterator[Verify]:
    """Starts the command."""
    started: list[Run] = []

    def start(*words: str | Path) -> Run:
        started.append(Run(tmp_path, *words))
        return started[-1]

    yield start
    for run in started:
        with suppress(ProcessLookupError):
            run.process.kill()
        run.process.wait()


@pytest.fixture
def pact(tmp_path: Path) -> Path:
    file = tmp_path / "orders-small.json"
    file.write_text(json.dumps(PACT), encoding="utf-8")
    return file


@pytest.fixture
def provider(tmp_path: Path) -> Callable[..., Path]:
    """Writes a provider file with a part `container`."""

    def write(timeout_s: float = 60, **container: Any) -> Path:
        file = tmp_path / "provider.yaml"
        start = {"command": ["{python}", "{port}"], "env": {"PORT": "{port}"}}
        whole = {"format": 1, "provider": "small", "start": start, "health": {"timeout_s": timeout_s}, "container": container}
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        return file

    return write


@pytest.fixture
def fails(verify: Verify, pact: Path, provider: Callable[..., Path]) -> Callable[..., str]:
    """Runs the command with a container that does not start; gives its message."""

    def run(engine: Engine, script: str = "", *, timeout_s: float = 60, **container: Any) -> str:
        command = {"command": ["python3", "-u", "-c", script]} if script else {}
        started = verify(provider(timeout_s, **command, **container), "--pact", pact)
        assert started.end() == 4, started.text
        assert started.objects(engine) == {}
        return started.text

    return run


def test_without_a_part_for_containers_it_is_wrong_usage_and_says_what_to_add(sagapact: Sagapact, pact: Path) -> None:
    file = sagapact.folder / "provider.yaml"
    file.write_text('{format: 1, provider: small, start: {command: ["x", "{port}"]}}')

    done = sagapact("verify", file, "--pact", pact, "--isolation", "container")

    assert done.status == 2
    assert "its provider file does not say which image it is. Add:" in done.err
    assert 'container: {image: "registry/small:1.0"' in done.err
    assert "--isolation process" in done.err


def test_an_isolation_that_is_not_known_is_wrong_usage(sagapact: Sagapact, provider: Callable[..., Path], pact: Path) -> None:
    done = sagapact("verify", provider(image="x"), "--pact", pact, SAGAPACT_ISOLATION="jail")

    assert done.status == 2
    assert "'process', 'container'" in done.err


def test_without_an_engine_it_is_one_message_with_the_mend(sagapact: Sagapact, provider: Callable[..., Path], pact: Path) -> None:
    where = f"unix://{sagapact.folder}/no.sock"

    done = sagapact("verify", provider(image="x"), "--pact", pact, "--isolation", "container", DOCKER_HOST=where)

    assert done.status == 4
    assert f"No Docker engine runs at {where}. Start one" in done.err
    assert "Traceback" not in done.text


@pytest.fixture
def forbidden_socket() -> Iterator[Path]:
    """A socket that somebody listens at, in a folder that others may enter, and that nobody but root may use."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listener:
        path = Path(name) / "docker.sock"
        Path(name).chmod(0o755)
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        yield path


def test_an_engine_that_this_user_may_not_use_is_said_with_the_mend(forbidden_socket: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "DOCKER_HOST": f"unix://{forbidden_socket}"}

    done = subprocess.run([sys.executable, "-c", AS_NOBODY], env=env, capture_output=True, text=True, timeout=60, check=False)

    assert f"A Docker engine runs at unix://{forbidden_socket}, but this user may not use it" in done.stdout, done.stderr
    assert "group `docker`" in done.stdout


@pytest.mark.containers
@pytest.mark.slow
class TestWithAnEngine:
    """What is wrong lies behind the engine."""

    def test_an_image_that_is_nowhere_to_be_had(self, engine: Engine, fails: Callable[..., str]) -> None:
        said = fails(engine, image="sagapact-nowhere:1")

        assert "The image sagapact-nowhere:1 is not at the Docker engine and cannot be fetched" in said
        assert "Build it, or name another" in said

    def test_an_image_that_does_not_build(self, engine: Engine, fails: Callable[..., str], base: str, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN echo the seventh step && false\n")

        said = fails(engine, dockerfile="Dockerfile")

        assert "does not build" in said
        assert "the seventh step" in said

    def test_a_build_that_fills_its_disk(self, engine: Engine, fails: Callable[..., str], base: str, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN dd if=/dev/zero of=/dev/shm/full bs=1M count=1000\n")

        said = fails(engine, dockerfile="Dockerfile")

        assert "No space left on device" in said
        assert "Make room" in said

    def test_a_container_that_dies(self, engine: Engine, fails: Callable[..., str], base: str) -> None:
        said = fails(engine, "print('the table is missing'); raise SystemExit(3)", image=base)

        assert "small died at its start with exit status 3" in said
        assert "the table is missing" in said

    def test_a_container_that_hangs(self, engine: Engine, fails: Callable[..., str], base: str) -> None:
        said = fails(engine, "import time; print('thinking'); time.sleep(600)", image=base, timeout_s=2)

        assert "small was not ready within 2 s" in said
        assert "thinking" in said

    def test_a_container_that_floods_its_log(self, engine: Engine, fails: Callable[..., str], base: str) -> None:
        said = fails(engine, "while True: print('x' * 100_000)", image=base, timeout_s=2)

        assert "small was not ready within 2 s" in said
        assert len(said) < 60_000

    def test_a_server_that_dies_before_the_participant_is_ready(
        self, engine: Engine, verify: Verify, pact: Path, provider: Callable[..., Path], base: str, image_of: Callable[[str], str]
    ) -> None:
        waiting = ["python3", "-c", "import time; time.sleep(600)", "{database_url}"]
        run = verify(provider(image=base, postgres_image=image_of("postgres"), command=waiting), "--pact", pact)
        await_objects(run, engine, {"small", "PostgreSQL"})

        kill_postgresql(run, engine)

        assert run.end() == 4
        assert "its PostgreSQL server ended with signal SIGKILL" in run.text
        assert run.objects(engine) == {}

    def test_a_request_to_end_removes_everything(
        self, engine: Engine, verify: Verify, pact: Path, provider: Callable[..., Path], base: str
    ) -> None:
        run = verify(provider(image=base, command=["python3", "-c", "import time; time.sleep(600)"]), "--pact", pact)
        await_objects(run, engine, {"small"})

        assert run.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert run.objects(engine) == {}


@pytest.fixture
def landscape_images(image_of: Callable[[str], str]) -> None:
    """The images that the provider file of billing names."""
    for name in ("landscape", "postgres"):
        image_of(name)


@pytest.mark.containers
@pytest.mark.slow
@pytest.mark.usefixtures("landscape_images")
@pytest.mark.xdist_group("landscape in containers")
class TestBilling:
    """A whole participant with its database."""

    def test_a_full_disk_is_no_verdict(self, engine: Engine, verify: Verify, pacts: Path, tmp_path: Path) -> None:
        whole = yaml.safe_load(BILLING.read_text(encoding="utf-8"))
        whole["start"]["cwd"] = str(ROOT / "e2e")
        whole["container"] |= {"limits": {"tmp_mb": 1}, "env": {"HOST": "0.0.0.0", "DATABASE_URL": "sqlite:////tmp/small.sqlite"}}  # noqa: S104  (inside)
        file = tmp_path / "provider.yaml"
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")

        run = verify(file, "--pact", pacts / "saga_service-billing.json", "--faults", "3")

        assert run.end() == 4
        assert "its disk is full" in run.text
        assert run.objects(engine) == {}

    def test_a_postgresql_that_goes_down_is_no_verdict(self, engine: Engine, verify: Verify, pacts: Path) -> None:
        run = verify(BILLING, "--pact", pacts / "saga_service-billing.json")
        await_replay(run)

        kill_postgresql(run, engine)

        assert run.end() == 4
        assert "billing ended while it was verified" in run.text
        assert "its PostgreSQL server has ended with signal SIGKILL" in run.text
        assert run.objects(engine) == {}

    def test_whoever_interrupts_a_run_finds_nothing_left_of_it(self, engine: Engine, verify: Verify, pacts: Path) -> None:
        chance = random.Random(1)
        for _ in range(INTERRUPTIONS):
            run = verify(BILLING, "--pact", pacts / "saga_service-billing.json")
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(chance.uniform(1, 6))

            run.end(chance.choice([signal.SIGINT, signal.SIGTERM]))

            assert run.objects(engine) == {}, run.text

    def test_what_a_killed_run_left_is_not_in_the_next_ones_way(self, engine: Engine, verify: Verify, pacts: Path) -> None:
        words = (BILLING, "--pact", pacts / "saga_service-billing.json")
        began = time.monotonic()
        assert verify(*words).end() == 0
        whole_s = time.monotonic() - began

        chance = random.Random(2)
        killed = []
        for _ in range(KILLS):
            killed.append(verify(*words))
            with suppress(subprocess.TimeoutExpired):
                killed[-1].process.wait(chance.uniform(0.2, whole_s))
            killed[-1].end(signal.SIGKILL)
        last = verify(*words)

        assert last.end() == 0, last.text
        assert [run.objects(engine) for run in (*killed, last)] == [{}] * (KILLS + 1)


def await_objects(run: Run, engine: Engine, names: set[str]) -> None:
    """Wait until containers run that are called so."""

    def run_all() -> bool:
        assert run.process.poll() is None, run.end()
        return names <= {called for name, called in run.objects(engine).items() if is_running(engine, name)}

    wait_until(run_all, LONGEST_RUN_S)


def await_replay(run: Run) -> None:
    """Wait until the contracts are being replayed."""

    def replays() -> bool:
        assert run.process.poll() is None, run.end()
        return any("saga_verifier.replay.child" in words for words in commands_below(run))

    wait_until(replays, LONGEST_RUN_S)


def commands_below(run: Run) -> Iterator[list[str]]:
    for child in psutil.Process(run.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            yield child.cmdline()


def is_running(engine: Engine, name: str) -> bool:
    with suppress(Exception):  # a network or a volume, or gone at this moment
        return engine.state(name).running
    return False


def kill_postgresql(run: Run, engine: Engine) -> None:
    (server,) = [name for name, called in run.objects(engine).items() if called == "PostgreSQL" and is_running(engine, name)]
    engine.kill(server)
