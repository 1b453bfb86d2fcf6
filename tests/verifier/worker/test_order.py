"""A job's process: what it is given, what it may see, and how it ends."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fleet import SERVER, archive, contract, provider_file
from patience import unless, wait_until
from saga_broker.client.jobs import AnnouncementRecord, JobRecord
from saga_verifier.worker import order
from saga_verifier.worker.nursing import Nursery
from saga_verifier.worker.order import Bounds, StoppedError, TookTooLongError

JOB = JobRecord(
    id="0" * 40, state="running", provider="billing", provider_version="7", consumer="shop", content_sha="0" * 40,
    derivation=3, priority=1, reason="", attempts=1,
)  # fmt: skip
HANGS = SERVER.replace(
    "        broken =", '        if self.path == "/":\n            import time; time.sleep(1000)\n        broken ='
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A job's folder, of which no process is left at the end."""
    yield tmp_path
    unless(lambda: not _left(tmp_path), 30)
    assert _left(tmp_path) == []


def _left(folder: Path) -> list[Any]:
    return [one.info for one in psutil.process_iter(["pid", "cmdline", "cwd"]) if str(one.info["cwd"]).startswith(str(folder))]


def laid_out(folder: Path, text: str, packed: bytes | None, path: str = "/", **env: str) -> Bounds:
    bounds = Bounds("process", 1, 120.0, env)
    announced = AnnouncementRecord(pacticipant="billing", version="7", provider_file=text)
    order.lay_out(folder, JOB, announced, packed, contract("shop", "billing", path), bounds)
    return bounds


def run(folder: Path, bounds: Bounds, stop: threading.Event) -> dict[str, Any]:
    nursery = Nursery(bounds.env)
    try:
        return order.run_child(folder, bounds, stop, nursery)
    finally:
        nursery.close()


@pytest.mark.parametrize(("path", "verdict"), [("/", "kept"), ("/wrong", "broken")])
def test_a_provider_is_started_from_its_archive_and_verified(folder: Path, path: str, verdict: str) -> None:
    bounds = laid_out(folder, provider_file("billing"), archive(server__py=SERVER), path)
    found = run(folder, bounds, threading.Event())
    assert (found["verdict"], found["verification"]["success"]) == (verdict, verdict == "kept")
    assert f"billing 7: {verdict}" in order.log_of(folder)


def test_the_provider_file_keeps_its_place_in_the_archive(tmp_path: Path) -> None:
    text = provider_file("billing", cwd="..")
    laid_out(tmp_path, text, archive(**{"deep/provider__yaml": text, "server__py": SERVER}))
    assert json.loads((tmp_path / "order.json").read_text())["provider_file"] == "provider/deep/provider.yaml"


def test_a_job_that_hangs_is_ended_when_its_time_is_over(folder: Path) -> None:
    bounds = laid_out(folder, provider_file("billing"), archive(server__py=HANGS))
    with pytest.raises(TookTooLongError, match="took more than 4 s"):
        run(folder, Bounds("process", 1, 4.0, bounds.env), threading.Event())


def test_a_job_that_is_lost_is_ended_at_once(folder: Path) -> None:
    bounds, stop = laid_out(folder, provider_file("billing"), archive(server__py=HANGS)), threading.Event()
    ended: list[BaseException] = []

    def do() -> None:
        with pytest.raises(StoppedError) as error:
            run(folder, bounds, stop)
        ended.append(error.value)

    thread = threading.Thread(target=do)
    thread.start()
    wait_until(lambda: _left(folder))
    stop.set()
    thread.join()
    assert len(ended) == 1


def test_no_token_reaches_the_job_or_its_provider(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGAPACT_BROKER_TOKEN", "canary")
    text = provider_file("billing", env={"STOLEN": "${SAGAPACT_BROKER_TOKEN}"})
    bounds = laid_out(folder, text, archive(server__py=SERVER))
    found = run(folder, bounds, threading.Event())
    assert found["verdict"] == "could not find out"
    assert "SAGAPACT_BROKER_TOKEN" in found["text"]
    assert "canary" not in json.dumps(found) + order.log_of(folder)


def test_what_is_passed_on_is_there_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOT_PASSED_ON", "canary")
    text = provider_file("billing", pass_env=["PASSED_ON", "NOT_PASSED_ON"], command=["{python}", "server.py", "{port}", "x"])
    check = "import os, sys\nassert os.environ['PASSED_ON'] == 'word' and 'NOT_PASSED_ON' not in os.environ"
    bounds = laid_out(folder, text, archive(server__py=SERVER.replace("import sys", check, 1)), PASSED_ON="word")
    assert run(folder, bounds, threading.Event())["verdict"] == "kept"


@pytest.mark.parametrize(
    ("text", "told"),
    [("provider: 7\n", "provider"), (provider_file("billing", command=["./not-there", "{port}"]), "not-there")],
)
def test_a_provider_that_cannot_be_started_is_told_as_such(folder: Path, text: str, told: str) -> None:
    found = run(folder, laid_out(folder, text, archive(server__py=SERVER)), threading.Event())
    assert (found["verdict"], told in found["text"]) == ("could not find out", True), found
