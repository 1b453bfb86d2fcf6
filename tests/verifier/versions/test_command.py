"""`sagapact verify --upgrade-from` from the command line: on the screen, in JSON and JUnit, and as an exit status."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from command_line import here
from small_participant import SAGA
from small_participant import __file__ as small
from stock_of_versions import __file__ as in_sqlite
from written_pacts import pact_of

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git was not found; install it (Debian: apt-get install git)."),
    pytest.mark.slow,
]
COMMAND = ["{python}", "stock_of_versions.py", "{port}", "{workdir}/stock.sqlite"]


@pytest.fixture(scope="module")
def pact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pact_of(SAGA.replace("owner: shop\n", "owner: shop\nlevel: 1\n"), "stock", tmp_path_factory.mktemp("small"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose service is tagged 1.0."""
    folder = tmp_path / "repository" / "stock"
    folder.mkdir(parents=True)
    for program in (small, in_sqlite):
        shutil.copy(program, folder)
    start = f"{{command: {json.dumps(COMMAND)}, pass_env: [PATH]}}"
    (folder / "provider.yaml").write_text(f"format: 1\nprovider: stock\nstart: {start}\nstates: {{path: /_states}}\n")
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*settings, "commit", "-qm", "Serve"), ("tag", "1.0")):
        subprocess.run(["git", *words], cwd=folder.parent, check=True, capture_output=True)
    return folder


def test_a_version_that_forgets_what_the_deployed_one_knew_is_red_and_its_own_pact_green(
    repository: Path, pact: Path, tmp_path: Path
) -> None:
    program = repository / "stock_of_versions.py"
    program.write_text(program.read_text().replace('" ".join(sys.argv[3:])', '"forgets old keys"'))
    words = ("verify", repository / "provider.yaml", "--pact", pact, "--faults", "0", "--upgrade-from", "1.0")
    done = here(*words, "--junit", tmp_path / "junit.xml", "--html", tmp_path / "page.html", "--github")
    assert done.status == 1, done.text
    assert "deck of small/take mixed with 1.0" in done.out
    assert "(from 1.0): it is the mix of versions (F21)" in done.out
    assert "Mend: Let each version read what the other one has written" in done.out
    assert "is published nowhere" in " ".join(done.out.split())
    again = next(line for line in done.out.splitlines() if "Again: " in line and "(from 1.0)" in line)
    assert "--upgrade-from 1.0 --step small/take --replay 'F > F (from 1.0)'" in again
    root = ET.fromstring((tmp_path / "junit.xml").read_text())  # noqa: S314  (our own)
    cases = {one.get("name"): one for one in root.iter("testcase")}
    assert cases["F > M (from 1.0)"].find("failure") is not None
    assert cases["F M"].find("failure") is None
    assert "mixed with 1.0" in (tmp_path / "page.html").read_text()
    repeated = here(*shlex.split(again.partition("Again: sagapact ")[2]), "--json")
    assert repeated.status == 1, repeated.text
    found = json.loads(repeated.out)
    assert [one["word"] for deck in found["upgrade"]["decks"] for one in deck["histories"]] == ["F > F (from 1.0)"]
    assert [one["word"] for pact in found["pacts"] for deck in pact["decks"] for one in deck["histories"]] == ["F F"]


def test_a_version_that_understands_the_deployed_one_is_green_both_ways(repository: Path, pact: Path) -> None:
    words = ("verify", repository / "provider.yaml", "--pact", pact, "--faults", "0", "--upgrade-from", "git:1.0", "--json")
    done = here(*words)
    assert done.status == 0, done.text
    found = json.loads(done.out)
    (deck,) = found["upgrade"]["decks"]
    assert deck["mixed_with"] == "1.0"
    assert {one["verdict"] for one in deck["histories"]} == {"kept"}
    assert all("one change of versions" in one["how"] for one in deck["histories"])
    assert not [one["word"] for pact in found["pacts"] for own in pact["decks"] for one in own["histories"] if ">" in one["word"]]


def test_wrong_usage_is_told_before_anything_is_started(repository: Path, pact: Path) -> None:
    words = ("verify", repository / "provider.yaml", "--pact", pact, "--upgrade-from")
    for given, more, said in (
        ("nowhere", (), "neither a revision that git knows"),
        ("1.0", ("--replay", "F C"), "plays with two versions in turns, and --replay names a history of one"),
        ("1.0", ("--replay", "F > Q (from 1.0)"), "no chosen step has a history or trial of this name"),
    ):
        done = here(*words, given, *more)
        assert done.status == 2
        assert said in done.err
    alone = here(*words[:-1], "--replay", "F > C (from 1.0)")
    assert (alone.status, "Name the other version with --upgrade-from" in alone.err) == (2, True)
