"""Version, branch and build address come from the caller, else from the CI's variables, else from git."""

import subprocess
from pathlib import Path

import pytest

from saga_contracts.build import describe_build
from saga_contracts.errors import UsageError


def git(folder: Path, *words: str) -> str:
    settings = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    return subprocess.run(["git", *settings, *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for name in ("first", "second"):
        (folder / name).mkdir()
        (folder / name / "file").write_text(name)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", name)
    return folder


def test_what_the_caller_names_wins(repository: Path) -> None:
    build = describe_build("1.0", "dev", "http://ci/1", folder=repository, environ={"GITHUB_SHA": "abc", "GIT_BRANCH": "x"})

    assert (build.version, build.branch, build.build_url) == ("1.0", "dev", "http://ci/1")


def test_git_gives_the_commit_and_the_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "feature/undo")

    build = describe_build(folder=repository, environ={})

    assert build.version == git(repository, "rev-parse", "HEAD")
    assert build.branch == "feature/undo"
    assert build.build_url is None


def test_a_detached_head_has_no_branch_of_its_own(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    assert describe_build(folder=repository, environ={}).branch is None
    assert describe_build(folder=repository, environ={"CI_COMMIT_BRANCH": "main"}).branch == "main"


def test_a_shallow_clone_is_enough(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")

    build = describe_build(folder=tmp_path / "shallow", environ={})

    assert build.version == git(repository, "rev-parse", "HEAD")
    assert build.branch == "main"


def test_in_a_monorepo_the_version_is_the_last_commit_of_the_folder(repository: Path) -> None:
    build = describe_build(folder=repository / "first", environ={})

    assert build.version == git(repository, "rev-parse", "HEAD~1")


@pytest.mark.parametrize(
    ("environ", "version", "branch", "url"),
    [
        (
            {
                "GITHUB_SHA": "a1",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_SERVER_URL": "http://h",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_RUN_ID": "7",
            },
            "a1",
            "main",
            "http://h/o/r/actions/runs/7",
        ),
        ({"GITHUB_SHA": "a1", "GITHUB_REF": "refs/pull/3/merge", "GITHUB_HEAD_REF": "fix"}, "a1", "fix", None),
        ({"CI_COMMIT_SHA": "b2", "CI_COMMIT_BRANCH": "dev", "CI_JOB_URL": "http://j"}, "b2", "dev", "http://j"),
        ({"GIT_COMMIT": "c3", "GIT_BRANCH": "origin/dev", "BUILD_URL": "http://b"}, "c3", "dev", "http://b"),
        ({"BUILD_SOURCEVERSION": "d4", "BUILD_SOURCEBRANCH": "refs/heads/x/y"}, "d4", "x/y", None),
    ],
)
def test_the_variables_of_a_ci_are_read(environ: dict[str, str], version: str, branch: str, url: str | None) -> None:
    build = describe_build(environ=environ)

    assert (build.version, build.branch, build.build_url) == (version, branch, url)


def test_without_any_source_of_a_version_the_user_is_told_to_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(UsageError, match="Name it"):
        describe_build(folder=tmp_path, environ={})
