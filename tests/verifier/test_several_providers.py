"""Several provider files in one run: verified at the same time, told one after the other, and the worst is the exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from command_line import here
from saga_contracts.errors import UsageError
from saga_verifier import several
from saga_verifier.provider_file import load_provider_file

PROVIDER = """
import sys, time, pathlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/meet":
            here = pathlib.Path(sys.argv[2]); (here / sys.argv[3]).touch()
            until = time.monotonic() + 60
            while len(list(here.iterdir())) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            met = len(list(here.iterdir())) == 2
        if self.path == "/hang":
            (pathlib.Path(sys.argv[2]) / sys.argv[3]).touch()
            time.sleep(600)
        self.send_response(200 if self.path != "/meet" or met else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def written(folder: Path, name: str, path: str, status: int = 200, *, port: str = "") -> Path:
    """Write a provider with its pact; give its provider file."""
    own = folder / name
    own.mkdir()
    (folder / "met").mkdir(exist_ok=True)
    (own / "serve.py").write_text(PROVIDER, encoding="utf-8")
    command = json.dumps(["{python}", "serve.py", "{port}", str(folder / "met"), name])
    (own / "provider.yaml").write_text(f"format: 1\nprovider: {name}\nstart: {{command: {command}{port}}}\n", encoding="utf-8")
    pact = {
        "consumer": {"name": "shop"},
        "provider": {"name": name},
        "interactions": [
            {"type": "Synchronous/HTTP", "key": "a", "description": "a", "request": {"method": "GET", "path": path},
             "response": {"status": status}}
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }  # fmt: skip
    (folder / "pacts").mkdir(exist_ok=True)
    (folder / "pacts" / f"{name}.json").write_text(json.dumps(pact), encoding="utf-8")
    return own / "provider.yaml"


def words(files: Iterable[Path]) -> list[str]:
    named = list(files)
    return [*map(str, named), "--pact", str(named[0].parents[1] / "pacts")]


def test_files_are_verified_at_the_same_time_and_told_in_their_order(tmp_path: Path) -> None:
    files = [written(tmp_path, name, "/meet") for name in ("stock", "carrier")]

    done = here("verify", *words(files), "--jobs", "2")

    assert done.status == 0, done.text
    assert [line for line in done.out.splitlines() if not line.startswith((" ", "pact"))] == ["stock: kept", "carrier: kept"]


def test_the_exit_status_is_the_worst_and_what_could_not_be_found_out_hides_nothing(tmp_path: Path) -> None:
    kept, broken, gone = (
        written(tmp_path, "kept", "/"), written(tmp_path, "broken", "/", 404), written(tmp_path, "gone", "/")
    )  # fmt: skip
    (tmp_path / "gone" / "serve.py").unlink()

    def asked(*files: Path) -> tuple[int, dict[str, str]]:
        done = here("verify", *words(files), "--json")
        return done.status, {one["provider"]: one["verdict"] for one in json.loads(done.out)["providers"]}

    assert asked(gone, kept, broken) == (1, {"gone": "unknown", "kept": "kept", "broken": "broken"})
    assert asked(kept, gone) == (4, {"kept": "kept", "gone": "unknown"})


def test_of_several_files_only_the_named_providers_are_verified(tmp_path: Path) -> None:
    files = [written(tmp_path, name, "/") for name in ("stock", "carrier")]
    assert [one.provider for _, one in several.loaded(files, ["carrier"])] == ["carrier"]
    with pytest.raises(UsageError, match=r"No provider file names bank. They name: stock, carrier."):
        several.loaded(files, ["bank"])
    with pytest.raises(UsageError, match="stock stands in"):
        several.loaded([files[0], files[0]], [])


def test_providers_that_need_the_same_port_are_verified_one_after_the_other(tmp_path: Path) -> None:
    own = [load_provider_file(written(tmp_path, name, "/", port=", port: 8123")) for name in ("a", "b")]
    free = [load_provider_file(written(tmp_path, name, "/")) for name in ("c", "d")]
    assert several.at_once([*own, *free], 4) == 1
    assert several.at_once([own[0], *free], 4) == 3
    assert several.at_once(free, 1) == 1


@pytest.mark.slow
def test_a_run_that_is_asked_to_end_ends_every_provider_soon(tmp_path: Path) -> None:
    files = [written(tmp_path, name, "/hang") for name in ("stock", "carrier")]
    command = [sys.executable, "-m", "saga_contracts", "verify", *words(files), "--jobs", "2"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list((tmp_path / "met").iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)

    assert running.wait(60) == 128 + signal.SIGTERM
    assert not [one for one in commands() if str(tmp_path / "met") in one]


def commands() -> list[str]:
    """Give the command lines of all processes."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    return found
