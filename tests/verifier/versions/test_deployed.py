"""What `--upgrade-from` names: a revision of the provider's repository, an image, a tag of one, or a command."""

import shutil
import subprocess
from pathlib import Path

import pytest

from saga_contracts.errors import UsageError
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.versions import recognised
from saga_verifier.versions.deployed import Deployed, Kind, ready

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None, reason="git was not found; install it (Debian: apt-get install git)."
)
FILE = """
format: 1
provider: billing
start: {command: ["{python}", serve.py, "{port}"], cwd: CWD}
container: {CONTAINER}
"""
IMAGE = "image: registry.example/team/billing:2.0"


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose service has a version that is tagged, and one that is not committed."""
    folder = tmp_path / "repository" / "billing"
    folder.mkdir(parents=True)
    git(tmp_path / "repository", "init", "-q")
    write(folder)
    (folder / "serve.py").write_text("print('old')\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Serve")
    git(folder, "tag", "1.0")
    (folder / "serve.py").write_text("print('new')\n")
    return folder


def write(folder: Path, container: str = IMAGE, cwd: str = ".") -> ProviderFile:
    (folder / "provider.yaml").write_text(FILE.replace("CONTAINER", container).replace("CWD", cwd))
    return load_provider_file(folder / "provider.yaml")


@pytest.mark.parametrize(
    ("given", "containers", "kind", "text", "label"),
    [
        ("1.0", False, Kind.REVISION, "1.0", "1.0"),
        ("git:1.0", False, Kind.REVISION, "1.0", "1.0"),
        ("HEAD", False, Kind.REVISION, "HEAD", "HEAD"),
        ("./old --port={port}", False, Kind.COMMAND, "./old --port={port}", "deployed"),
        ("command:node", False, Kind.COMMAND, "node", "deployed"),
        ("sh", False, Kind.COMMAND, "sh", "deployed"),
        ("1.0", True, Kind.IMAGE, "registry.example/team/billing:1.0", "1.0"),
        ("other/billing:1.0", True, Kind.IMAGE, "other/billing:1.0", "other/billing:1.0"),
        ("image:billing", True, Kind.IMAGE, "billing", "billing"),
        ("participants.billing --old", True, Kind.COMMAND, "participants.billing --old", "deployed"),
    ],
)
def test_each_is_told_from_the_others(
    repository: Path, given: str, kind: Kind, text: str, label: str, *, containers: bool
) -> None:
    provider = load_provider_file(repository / "provider.yaml")
    assert recognised(given, provider, containers=containers) == Deployed(kind, text, label, containers)


@pytest.mark.parametrize(
    ("given", "containers", "said"),
    [
        ("nowhere", False, "neither a revision that git knows"),
        ("other/billing:1.0", False, "add --isolation container"),
        ("image:billing:1.0", False, "needs --isolation container"),
        ("git:nowhere", False, "git knows no revision nowhere"),
        ("git:--all", False, "git knows no revision --all"),
        ("git:1.0", True, "names no `dockerfile`"),
        ("sh 'unclosed", False, "Close its quotes"),
        (" ", False, "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_mend(repository: Path, given: str, said: str, *, containers: bool) -> None:
    with pytest.raises(UsageError, match=said):
        recognised(given, load_provider_file(repository / "provider.yaml"), containers=containers)


def test_a_word_that_is_a_revision_and_a_program_is_ambiguous(repository: Path) -> None:
    git(repository, "tag", "sh")
    provider = load_provider_file(repository / "provider.yaml")
    with pytest.raises(UsageError, match="Write --upgrade-from git:sh or --upgrade-from command:sh"):
        recognised("sh", provider, containers=False)
    assert recognised("git:sh", provider, containers=False).kind == Kind.REVISION


def test_a_tag_needs_an_image_that_it_is_of(repository: Path) -> None:
    (repository / "Dockerfile").touch()
    provider = write(repository, "dockerfile: Dockerfile")
    with pytest.raises(UsageError, match="Name the whole image"):
        recognised("1.0", provider, containers=True)


def test_a_folder_from_the_root_on_is_no_part_of_a_checkout(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="begins at the root"):
        recognised("1.0", write(repository, cwd=str(tmp_path)), containers=False)


def test_a_revision_is_checked_out_beside_the_work_and_removed(repository: Path) -> None:
    provider = load_provider_file(repository / "provider.yaml")
    with ready(recognised("1.0", provider, containers=False), provider) as old:
        assert (old.folder / "serve.py").read_text() == "print('old')\n"
        assert old.spec().cwd == str(old.folder)
        assert old.start == provider.start
        there = old.folder
    assert not there.exists()
    assert (repository / "serve.py").read_text() == "print('new')\n"
    assert "worktree" not in git(repository, "worktree", "list", "--porcelain").partition("\n")[2]


def test_a_command_and_an_image_take_the_place_of_those_of_the_file(repository: Path) -> None:
    provider = load_provider_file(repository / "provider.yaml")
    with ready(recognised("./old --port={port}", provider, containers=False), provider) as old:
        assert old.spec().command == ("./old", "--port={port}")
    with ready(recognised("1.0", provider, containers=True), provider) as old:
        assert old.container is not None
        assert old.container.spec(old.folder).image == "registry.example/team/billing:1.0"
    with ready(recognised("participants.billing --old", provider, containers=True), provider) as old:
        assert old.container is not None
        assert old.container.spec(old.folder).command == ("participants.billing", "--old")
