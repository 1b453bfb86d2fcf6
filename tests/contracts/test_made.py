"""A command deletes and replaces only what sagapact made; everything else is the user's and stays as it is."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.commands import contracts
from saga_contracts.errors import UsageError
from saga_contracts.made import MARKER, claim

VAS = Path(__file__).parents[2] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
PRECIOUS = {"thesis.txt": "ten years", "photos/cat.txt": "a cat", "report.html": "my own", ".ssh/id": "key"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as somebody lives in it."""
    folder = tmp_path / "home"
    for name, text in PRECIOUS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_folder_that_holds_anything_is_left_alone_with_one_sentence(home: Path) -> None:
    with pytest.raises(UsageError, match=r"holds files that sagapact did not make, and is left alone\. Name a new") as no:
        claim(home)

    assert "\n" not in str(no.value)
    assert no.value.exit_status == 2
    assert content(home) == PRECIOUS


@pytest.mark.parametrize("there", [True, False])
def test_a_new_or_empty_folder_is_taken_and_what_was_written_is_replaced_and_cleared(
    tmp_path: Path,
    there: bool,  # noqa: FBT001
) -> None:
    folder = tmp_path / "deep" / "out"
    if there:
        folder.mkdir(parents=True)

    claim(folder).write("report.html", "first")
    claim(folder).write("pacts/a.json", "{}")
    claim(folder).write("report.html", "second")
    assert content(folder).keys() == {MARKER, "report.html", "pacts/a.json"}
    assert (folder / "report.html").read_text() == "second"

    claim(folder).clear()
    assert content(folder).keys() == {MARKER}
    assert not (folder / "pacts").exists()


def test_what_somebody_put_into_a_taken_folder_stays(tmp_path: Path) -> None:
    made = claim(tmp_path)
    made.write("pacts/ours.json", "{}")
    (tmp_path / "pacts" / "theirs.json").write_text("theirs")
    (tmp_path / "notes.txt").write_text("notes")

    made.clear()

    assert content(tmp_path).keys() == {MARKER, "pacts/theirs.json", "notes.txt"}


def test_a_file_of_the_same_name_that_sagapact_did_not_make_is_not_replaced(tmp_path: Path) -> None:
    made = claim(tmp_path)
    (tmp_path / "report.html").write_text("my own")

    with pytest.raises(UsageError, match=r"report\.html is there already and was not made by sagapact"):
        made.write("report.html", "another")

    assert (tmp_path / "report.html").read_text() == "my own"


def test_what_another_program_will_write_is_ours_from_the_moment_it_is_announced(tmp_path: Path) -> None:
    claim(tmp_path).will_make("pacts/a.json")
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "a.json").write_text("{}")

    claim(tmp_path).clear()

    assert content(tmp_path).keys() == {MARKER}


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path, home: Path) -> None:
    made = claim(tmp_path / "out")
    made.write("report.html", "first")
    (tmp_path / "out" / "report.html").unlink()
    (tmp_path / "out" / "report.html").symlink_to(home / "thesis.txt")

    made.write("report.html", "second")
    assert content(home) == PRECIOUS
    assert not (tmp_path / "out" / "report.html").is_symlink()

    (tmp_path / "out" / "report.html").unlink()
    (tmp_path / "out" / "report.html").symlink_to(home / "thesis.txt")
    made.clear()
    assert content(home) == PRECIOUS


def test_a_link_in_the_place_of_a_folder_is_an_error_and_nothing_behind_it_is_touched(tmp_path: Path, home: Path) -> None:
    made = claim(tmp_path / "out")
    made.will_make("photos/cat.txt")
    (tmp_path / "out" / "photos").symlink_to(home / "photos", target_is_directory=True)

    with pytest.raises(UsageError, match="is a link that leads elsewhere"):
        made.write("photos/cat.txt", "gone")
    made.clear()

    assert content(home) == PRECIOUS


@pytest.mark.parametrize("marker", ["../home/thesis.txt", "/home/thesis.txt", "photos/../../home/thesis.txt", ""])
def test_a_marker_that_names_what_is_not_inside_deletes_nothing(tmp_path: Path, home: Path, marker: str) -> None:
    made = claim(tmp_path / "out")
    file = made.path / MARKER
    file.write_text(file.read_text() + marker.replace("/home", str(home), 1 if marker.startswith("/") else 0) + "\n")

    claim(tmp_path / "out").clear()

    assert content(home) == PRECIOUS


def test_a_file_that_only_bears_the_markers_name_marks_nothing(home: Path) -> None:
    (home / MARKER).write_text("thesis.txt\n")

    with pytest.raises(UsageError, match="did not make"):
        claim(home)


def test_a_marker_that_is_a_link_marks_nothing(tmp_path: Path, home: Path) -> None:
    claim(tmp_path / "out")
    (home / MARKER).symlink_to(tmp_path / "out" / MARKER)

    with pytest.raises(UsageError, match="did not make"):
        claim(home)


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_no_folder_is_left_alone(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "out"
    if kind == "file":
        place.write_text("a file")
    else:
        place.symlink_to(tmp_path / "nowhere")

    with pytest.raises(UsageError, match="is no folder, and is left alone"):
        claim(place)

    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_written_to_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match=r"Cannot write to .*/file/out: Not a directory"):
        claim(tmp_path / "file" / "out")


def test_a_new_file_has_the_usual_rights(tmp_path: Path) -> None:
    claim(tmp_path).write("report.html", "text")
    (tmp_path / "usual").write_text("")

    assert (tmp_path / "report.html").stat().st_mode == (tmp_path / "usual").stat().st_mode


@given(st.sets(st.sampled_from(["a", "b", "c/d", "c/e", "f/g/h"])), st.sets(st.sampled_from(["a", "c/d", "c/x", "z"])))
def test_clearing_leaves_exactly_what_was_not_made(
    tmp_path_factory: pytest.TempPathFactory, ours: set[str], theirs: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    made = claim(folder)
    for name in sorted(ours - theirs):
        made.write(name, "ours")
    for name in theirs:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("theirs")

    claim(folder).clear()

    assert content(folder).keys() == {MARKER, *theirs}


def test_a_picture_replaces_a_picture_and_no_other_file(tmp_path: Path) -> None:
    saga = tmp_path / "saga.yaml"
    saga.write_text(VAS.read_text(encoding="utf-8"), encoding="utf-8")
    run = CliRunner()

    no = run.invoke(contracts, ["draw", str(saga), "-o", str(saga)])
    yes = [run.invoke(contracts, ["draw", str(saga), "-o", str(tmp_path / "saga.svg")]).exit_code for _ in range(2)]

    assert (no.exit_code, yes) == (2, [0, 0])
    assert "is there already and is no picture, so it is left alone" in no.stderr
    assert saga.read_text(encoding="utf-8") == VAS.read_text(encoding="utf-8")


def test_a_start_is_written_beside_everything_and_over_nothing(home: Path) -> None:
    (home / "test_contracts.py").symlink_to(home / "nowhere")

    refused = CliRunner().invoke(contracts, ["init", str(home)])
    assert refused.exit_code == 2
    assert content(home).items() >= PRECIOUS.items()
    assert not (home / "nowhere").exists()
