"""What goes wrong around a verification ends with a clear word and the right exit status, and leaves nothing behind.

The rows of the guide's table that stand here are those of a process; others are shown where their part is tested:

    a broker that goes in mid-run            test_with_broker
    the end of the provider, its full disk   test_run, containers/test_command
    no Docker engine, or none for this user  containers/test_command, containers/test_engine
    the death and the silence at a start     isolation/test_process, containers/test_container_life
"""

import datetime as dt
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from odd_provider import LEAKED
from odd_provider import __file__ as program
from saga_contracts.errors import SagapactError
from saga_verifier import reporting
from saga_verifier.access import states
from saga_verifier.isolation import ProcessIsolation
from saga_verifier.provider_file import load_provider_file
from saga_verifier.replay import run as replaying
from saga_verifier.run import Settings, verify_files

SETTINGS = Settings(1, dt.date(2026, 1, 1))
REPLY = {"status": 200, "body": {"a": 1}}
PACT = {
    "consumer": {"name": "shop"},
    "provider": {"name": "odd"},
    "metadata": {"pactSpecification": {"version": "2.0.0"}},
    "interactions": [
        {"description": "a call", "providerState": "some", "request": {"method": "GET", "path": "/ok"}, "response": REPLY}
    ],
}
HASTY_S = 1.5
"""How long a call or a state may take where it hangs for ever."""


@dataclass(frozen=True)
class Row:
    """What the provider does where, the exit status, and what is said."""

    where: str
    what: str
    status: int
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its id."""
        return f"{self.where} {self.what}".replace(" ", "_")


NO_ANSWER = "the provider did not answer (it closed the connection, sent no HTTP, or does not listen)"
NO_STATE = "could not find out: 1 of 1 interactions could not be judged: a call"
ROWS = [
    Row("calls", "garbage", 1, (NO_ANSWER,)),
    Row("calls", "closes", 1, (NO_ANSWER,)),
    Row("calls", "stops short", 1, (NO_ANSWER, "body")),
    Row("calls", "no json", 1, ("Failed to parse the actual body",)),
    Row("calls", "hangs", 1, ("the provider did not answer within 1.5 s",)),
    Row("calls", "never ends", 4, ("what the provider answers is more than its memory holds, in 'a call'",)),
    Row("calls", "leaks", 0),
    Row("calls", "floods", 0),
    Row("states", "fails", 4, (NO_STATE, "_states answered 500 'boom'. Serve this state")),
    Row("states", "garbage", 4, (NO_STATE, "gave no HTTP answer")),
    Row("states", "closes", 4, (NO_STATE, "closed the connection before its answer was whole")),
    Row("states", "hangs", 4, (NO_STATE, "was not set up within 1.5 s")),
    Row("start", "late", 4, ("odd was not ready within 1.5 s", "give it more time (`timeout_s` of `health`)")),
]


@pytest.fixture
def nothing_left(tmp_path: Path) -> Callable[[], list[str]]:
    """Give what a verification left: directories, and programs that were started for it."""

    def left() -> list[str]:
        running = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        ours = [line for line in running if str(tmp_path) in line or " ".join(LEAKED) in line]
        return [*ours, *(path.name for path in (tmp_path / "apart").iterdir())]

    (tmp_path / "apart").mkdir()
    return left


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_odd_provider_ends_with_a_clear_word_and_leaves_nothing(
    row: Row, tmp_path: Path, nothing_left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if row.what == "hangs":
        usual = replaying.replay.__kwdefaults__ or {}
        monkeypatch.setattr(replaying.replay, "__kwdefaults__", {**usual, "request_timeout_s": HASTY_S})
        monkeypatch.setattr(states, "STATE_TIMEOUT_S", 3600)
    health = f"health: {{timeout_s: {HASTY_S}}}\n" if row.where == "start" else ""
    command = json.dumps(["{python}", program, "{port}", row.where, *row.what.split()])
    file = tmp_path / "provider.yaml"
    file.write_text(
        f"format: 1\nprovider: odd\nstart: {{command: {command}, pass_env: [PATH]}}\nstates: {{path: /_states}}\n{health}"
    )
    (tmp_path / "pact.json").write_text(json.dumps(PACT))

    try:
        isolation = ProcessIsolation(folder=tmp_path / "apart")
        outcome = verify_files(load_provider_file(file), [tmp_path / "pact.json"], isolation, SETTINGS)
        status, said = outcome.exit_status, "\n".join(reporting.lines(outcome))
    except SagapactError as error:
        status, said = error.exit_status, str(error)

    assert status == row.status, said
    assert [word for word in row.words if word not in said] == [], said
    assert nothing_left() == []


def verify(folder: Path, stdout: int, limit_bytes: int | None = None) -> subprocess.CompletedProcess[bytes]:
    """Verify a good provider by the command line, with an output or a disk that takes little."""
    command = json.dumps(["{python}", program, "{port}", "nowhere", "at", "all"])
    (folder / "provider.yaml").write_text(
        f"format: 1\nprovider: odd\nstart: {{command: {command}}}\nstates: {{path: /_states}}\n"
    )
    (folder / "pact.json").write_text(json.dumps(PACT))
    words = [sys.executable, "-m", "saga_contracts", "verify", "provider.yaml", "--pact", "pact.json"]

    def limited() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        words, cwd=folder, stdout=stdout, stderr=subprocess.PIPE, timeout=110, check=False,
        preexec_fn=limited,
    )  # fmt: skip


def test_a_disk_on_which_nothing_can_be_written_is_told_and_no_verdict(tmp_path: Path) -> None:
    done = verify(tmp_path, subprocess.PIPE, limit_bytes=0)

    assert (done.returncode, done.stdout) == (4, b"")
    assert b"sagapact cannot write what it has to" in done.stderr
    assert b"TMPDIR" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_an_outcome_that_cannot_be_written_is_no_verdict(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = verify(tmp_path, full)
    finally:
        os.close(full)

    assert done.returncode == 4
    assert b"No space left on device" in done.stderr
    assert b"defect" not in done.stderr


def test_an_outcome_that_nobody_reads_is_no_verdict(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = verify(tmp_path, writing)
    finally:
        os.close(writing)

    assert done.returncode == 4
    assert b"Traceback" not in done.stderr
