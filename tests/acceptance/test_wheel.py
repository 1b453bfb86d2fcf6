"""The built wheel works in an empty environment: without extras as a client, with all of them as the whole chain.

What the wheel asks for is installed once, into `build/`, and kept while it asks for the same; the wheel itself is installed anew.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import ROOT
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("wheel")]


BUILD = ROOT / "build"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
INSTALL = ["install", "--quiet", "--no-compile"]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with nothing in it but the wheel and what it asks for."""

    folder: Path

    def sagapact(self, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "bin/sagapact"), *map(str, words)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=400)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True, capture_output=True
    )
    (built,) = out.glob("*.whl")
    return built


def environment(wheel: Path, extra: str) -> Environment:
    """Give an environment with this wheel, one of its extras, and nothing else."""
    BUILD.mkdir(exist_ok=True)
    pins, wanted = pins_of_ours(), asked_for(wheel)
    name = f"environment-{extra.strip('[]') or 'base'}"
    folder = BUILD / f"{name}-{hashlib.sha256(f'{sys.version}{pins}{wanted}'.encode()).hexdigest()[:16]}"
    with (BUILD / "environments.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run in this checkout may be at it
        if not (folder / "complete").exists():
            for old in BUILD.glob(f"{name}-*"):
                shutil.rmtree(old)
            make(folder, pins, f"{wheel}{extra}")
        again = [*PIP, str(folder), *INSTALL, "--no-deps", "--force-reinstall", str(wheel)]
        subprocess.run(again, check=True, capture_output=True)
    return Environment(folder)


def make(folder: Path, pins: str, wanted: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (folder / "pins.txt").write_text(pins, encoding="utf-8")
    subprocess.run([*PIP, str(folder), *INSTALL, "-c", str(folder / "pins.txt"), wanted], check=True, capture_output=True)
    (folder / "complete").touch()


def pins_of_ours() -> str:
    found = re.findall(r"^([a-zA-Z0-9._-]+==[^ \\]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join(found)


def asked_for(wheel: Path) -> list[str]:
    """Give what the wheel asks for, in the words of its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    return [line for line in lines if line.startswith(("Requires-", "Provides-Extra"))]


@pytest.fixture(scope="module")
def base(wheel: Path) -> Environment:
    return environment(wheel, "")


@pytest.fixture
def broker() -> Iterator[str]:
    database = "sqlite:///{workdir}/broker.sqlite"
    command = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url", database)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running.base_url


def test_without_extras_publish_record_deployment_and_can_run_work(base: Environment, broker: str, tmp_path: Path) -> None:
    saga = ROOT / "contracts/sagas/vas_purchase/saga.yaml"
    at = ("--broker-url", broker)

    published = base.sagapact("publish", "--saga", saga, "--version", "1", "--branch", "main", *at, cwd=tmp_path)
    recorded = base.sagapact(
        "record-deployment", "saga_service", "--version", "1", "--environment", "production", *at, cwd=tmp_path
    )
    asked = base.sagapact("can-run", "vas_purchase", "--environment", "production", *at, cwd=tmp_path)

    assert published.returncode == 0, published.stderr
    assert recorded.returncode == 0, recorded.stderr
    assert asked.returncode == 3, asked.stdout + asked.stderr
    assert "next: sagapact record-deployment" in asked.stdout


def test_without_extras_the_contracts_commands_work(base: Environment, tmp_path: Path) -> None:
    done = base.sagapact("contracts", "lint", ROOT / "contracts/sagas/vas_purchase/saga.yaml", cwd=tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("command", "extra"), [(("broker", "serve"), "broker"), (("demo",), "e2e")])
def test_a_part_whose_extra_is_missing_names_the_extra(
    base: Environment, tmp_path: Path, command: tuple[str, ...], extra: str
) -> None:
    done = base.sagapact(*command, cwd=tmp_path)

    assert done.returncode == 4
    assert f"pip install 'sagapact[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_all_extras_the_demo_runs_from_an_empty_folder(tmp_path: Path, wheel: Path) -> None:
    whole = environment(wheel, "[all]")
    (tmp_path / "empty").mkdir()

    done = whole.sagapact("demo", "--out", "out", cwd=tmp_path / "empty")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "empty/out/report.html").is_file()
