"""No command for whole sagas touches what it did not make: tried on a folder as somebody lives in it."""

import json
from pathlib import Path

import pytest

from command_line import Sagapact

PRECIOUS = {"thesis.txt": "ten years", "photos/cat.txt": "a cat", "report.html": "my own", "pacts/a.json": "{}"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in PRECIOUS.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text(text)
    return tmp_path / "home"


@pytest.fixture
def result(tmp_path: Path) -> Path:
    file = tmp_path / "billing.json"
    file.write_text(json.dumps({"provider": "billing", "version": "1", "verdict": "kept", "pacts": []}))
    return file


def content(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("command", [("demo",), ("e2e", "run"), ("e2e", "report")], ids=" ".join)
def test_a_folder_that_somebody_lives_in_is_wrong_usage_and_stays_as_it_is(
    tmp_path: Path, home: Path, result: Path, command: tuple[str, ...]
) -> None:
    files = [result] if command[-1] == "report" else []

    done = Sagapact(tmp_path)(*command, *files, "--out", home)

    assert done.status == 2, done.text
    assert done.err == (
        f"The folder {home} holds files that sagapact did not make, and is left alone. Name a new or an empty folder.\n"
    )
    assert content(home) == PRECIOUS


def test_a_report_replaces_its_own_files_and_no_others(tmp_path: Path, home: Path, result: Path) -> None:
    sagapact, out = Sagapact(tmp_path), tmp_path / "out"
    assert sagapact("e2e", "report", result, "--out", out).status == 3
    (out / "notes.txt").write_text("notes")
    (out / "junit.xml").unlink()
    (out / "junit.xml").symlink_to(home / "thesis.txt")

    assert sagapact("e2e", "report", result, "--out", out).status == 3

    assert content(home) == PRECIOUS
    assert (out / "notes.txt").read_text() == "notes"
    assert (out / "junit.xml").read_text().startswith("<?xml")
