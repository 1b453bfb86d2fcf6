"""Secrets of what is isolated stay where they belong: not on command lines, in labels, in messages or in files of everybody."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation import IsolationError, ProcessIsolation, Spec
from saga_verifier.isolation.container.database import DatabaseServer
from saga_verifier.isolation.container.log import ContainerLog
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.owner import labels

SECRET = "canary-5d1e-of-the-caller"
Specs = Callable[..., Spec]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_gets_at_a_program_s_directory_and_log(isolation: ProcessIsolation, spec: Specs) -> None:
    with isolation.start(spec()) as running:
        assert mode_of(running.workdir.parent) == 0o700


def test_a_secret_stands_on_no_command_line_and_in_no_representation(isolation: ProcessIsolation, spec: Specs) -> None:
    declared = spec(env={"TOKEN": "${TOKEN}"}, outside={"TOKEN": SECRET}, inherited={"KEY": SECRET})
    assert SECRET not in repr(declared)
    assert SECRET not in repr(declared.filled(1, "/x"))
    with isolation.start(declared) as running:
        assert running.pid is not None
        program = psutil.Process(running.pid)
        guard = program.parent()
        assert guard is not None
        assert SECRET not in str([program.cmdline(), guard.cmdline(), guard.environ()])


def test_what_a_link_in_the_directory_leads_to_is_never_removed(isolation: ProcessIsolation, spec: Specs, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("kept", encoding="utf-8")
    with isolation.start(spec()) as running:
        (running.workdir / "folder").symlink_to(victim)
        (running.workdir / "file").symlink_to(victim / "file")
    assert not running.workdir.exists()
    assert (victim / "file").read_text(encoding="utf-8") == "kept"


def test_a_directory_that_was_put_in_the_place_of_ours_is_not_removed(
    isolation: ProcessIsolation, spec: Specs, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    with isolation.start(spec()) as running:
        root = running.workdir.parent
        root.rename(tmp_path / "moved")
        root.symlink_to(victim)
    assert victim.is_dir()
    root.unlink()


def test_labels_tell_whose_an_object_is_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    found = labels("run", "billing")
    assert set(found) == {"sagapact.run", "sagapact.owner", "sagapact.name"}
    assert SECRET not in str(found)


def test_the_representation_of_a_container_to_create_shows_no_environment() -> None:
    assert SECRET not in repr(Order("image", None, {}, env={"TOKEN": SECRET}))


class EngineThatQuotes:
    """An engine whose PostgreSQL quotes each statement that it is given, as PostgreSQL does with one that fails."""

    def __init__(self, log: str = "") -> None:
        self.said = log
        self.env: Mapping[str, str] = {}

    def image(self, _: str) -> dict[str, Any]:
        return {"Config": {}}

    def create_volume(self, name: str, marks: Mapping[str, str]) -> None:
        pass

    def create(self, order: Order) -> str:
        self.env = order.env
        return "id"

    def log(self, _: str, **_asked: object) -> str:
        return self.said

    def run_inside(self, _: str, command: Sequence[str]) -> tuple[int, str]:
        self.said = f"ERROR: no\nSTATEMENT: {' '.join(command)}"
        return 1, self.said


def test_a_database_that_cannot_be_made_tells_no_password() -> None:
    engine = EngineThatQuotes()
    server = DatabaseServer(engine, "postgres", "run", "network", direct=False)  # type: ignore[arg-type]  # all that it asks for
    with pytest.raises(IsolationError, match="did not make a database") as raised:
        server.database("billing")
    password = engine.said.partition("PASSWORD '")[2].partition("'")[0]
    assert len(password) == 32
    assert password not in str(raised.value)
    assert password not in str(server.log_tail())
    assert engine.env["POSTGRES_PASSWORD"] not in str(server.log_tail())


def test_a_log_that_is_kept_is_for_its_user_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        file = tmp_path / "logs" / "billing.log"
        ContainerLog(EngineThatQuotes(f"said {SECRET}"), "id", Redactor({"TOKEN": SECRET})).keep(file)  # type: ignore[arg-type]
    finally:
        os.umask(before)
    assert file.read_text(encoding="utf-8") == "said [redacted TOKEN]"
    assert mode_of(file) == 0o600
