"""Finding an engine, or saying in one message that there is none and what to do."""

import os
import subprocess
from pathlib import Path

import pytest

from saga_verifier.isolation import Spec
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.spec import ContainerSpec, Database, command, environment, wants_database
from saga_verifier.isolation.engine import Engine, NoEngineError
from saga_verifier.isolation.engine.errors import no_engine, refused
from saga_verifier.isolation.errors import CannotStartError

SCRIPT = Path(__file__).resolve().parents[3] / "e2e/images/engine.sh"


def run_script(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment_ = {"PATH": os.environ["PATH"], "SAGAPACT_BUILD": str(tmp_path), **env}
    return subprocess.run([str(SCRIPT)], capture_output=True, text=True, env=environment_, timeout=60, check=False)


@pytest.mark.containers
def test_the_engine_that_runs_is_used(tmp_path: Path, engine: Engine) -> None:
    done = run_script(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"engine: using the one that runs: Docker {engine.version}")


def test_an_engine_that_was_named_and_does_not_answer_is_one_line(tmp_path: Path) -> None:
    done = run_script(tmp_path, DOCKER_HOST="tcp://127.0.0.1:1")

    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "make test CONTAINERS=no" in done.stderr


def test_isolation_without_an_engine_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")

    with pytest.raises(NoEngineError) as error:
        ContainerIsolation({"one": ContainerSpec("image")}).start(Spec("one", ()))

    assert "No Docker engine runs at unix://" in str(error.value)
    assert "Start one" in str(error.value)
    assert error.value.exit_status == 4


def test_an_engine_that_may_not_be_used_is_said_with_the_mend() -> None:
    wrapped = RuntimeError("Error while fetching server API version", ("Connection aborted.", PermissionError(13, "denied")))
    try:
        raise wrapped from PermissionError(13, "denied")
    except RuntimeError as error:
        said = str(no_engine(error, "unix:///var/run/docker.sock"))

    assert "this user may not use it" in said
    assert "group `docker`" in said


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("driver failed: Bind for 127.0.0.1:80 failed: port is already allocated", "Free it"),
        ("write /x: no space left on device", "docker system prune"),
        ("something else", "says: something else"),
    ],
)
def test_what_the_engine_refuses_is_said_with_a_mend(text: str, mend: str) -> None:
    assert mend in str(refused("start a container", 500, text))


def test_naming_a_placeholder_of_the_database_asks_for_one() -> None:
    spec = Spec("one", (), env={"PORT": "{port}"})
    database = Database("database", 5432, "one_1", "secret")
    with_database = ContainerSpec("image", env={"URL": "{database_url}"}, command=("serve", "{port}", "{workdir}"))

    assert not wants_database(spec, ContainerSpec("image"))
    assert wants_database(spec, with_database)
    assert environment(spec, with_database, database) == {
        "PORT": "8080",
        "URL": "postgresql://one_1:secret@database:5432/one_1",
    }
    assert command(with_database) == ("serve", "8080", "/data/own")
    assert command(ContainerSpec("image")) is None


def test_a_name_that_the_callers_environment_has_not_is_said() -> None:
    with pytest.raises(CannotStartError, match="one needs TOKEN, which the caller's environment has not"):
        environment(Spec("one", ()), ContainerSpec("image", env={"T": "${TOKEN}"}), None)


def test_a_password_is_not_shown_with_its_database() -> None:
    assert "secret" not in repr(Database("database", 5432, "one_1", "secret"))
