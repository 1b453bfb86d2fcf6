"""What goes into an image's build: Docker's rules for .dockerignore, and no secret that no line asks for."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_verifier.isolation import CannotStartError
from saga_verifier.isolation.engine import context, images
from saga_verifier.isolation.engine.context import Context, context_of
from saga_verifier.isolation.engine.images import Build, build_of

FILES = (
    "Dockerfile", ".dockerignore", "README.md", "a.txt", "docs/a.md", "docs/b.txt", "docs/deep/c.md", "src/main.py", "src/a.txt",
    "src/deep/x/y.py", "temp", "tempx", "build/out.o", "build/keep/this", "build/keep/that", "a[1].txt", "Caps/A.TXT",
)  # fmt: skip


def laid(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"of {name}", encoding="utf-8")
    return folder


def left(folder: Path, ignored: str) -> set[str]:
    return set(context_of(folder, ignored.splitlines()).files)


ROWS: list[tuple[str, str, str]] = [
    ("nothing ignored", "", ""),
    ("a file", "a.txt", "a.txt"),
    ("at the top only", "*.txt", "a.txt a[1].txt"),
    ("one level down", "*/*.txt", "docs/b.txt src/a.txt"),
    ("at any level", "**/*.txt", "a.txt a[1].txt docs/b.txt src/a.txt"),
    ("letters count", "**/*.TXT", "Caps/A.TXT"),
    ("a folder", "docs", "docs/a.md docs/b.txt docs/deep/c.md"),
    ("a folder with a slash behind it", "docs/", "docs/a.md docs/b.txt docs/deep/c.md"),
    ("a folder with a slash before it", "/docs", "docs/a.md docs/b.txt docs/deep/c.md"),
    ("a folder by way of another", "./src/../docs//deep", "docs/deep/c.md"),
    ("what is in a folder", "docs/*", "docs/a.md docs/b.txt docs/deep/c.md"),
    ("a folder at any level", "**/deep", "docs/deep/c.md src/deep/x/y.py"),
    ("all of some kind in a folder", "src/**/*.py", "src/main.py src/deep/x/y.py"),
    ("one letter", "temp?", "tempx"),
    ("one of some letters", "[ab].txt", "a.txt"),
    ("a remark", "#a.txt\n# docs", ""),
    ("blanks around a line", "   a.txt\t \n\n   \n", "a.txt"),
    ("an exception", "*.md\n!README.md\ndocs/*.md", "docs/a.md"),
    ("an exception that a later line takes back", "!README.md\n*.md", "README.md"),
    ("all but some", "*\n!src", "ALL BUT src/main.py src/a.txt src/deep/x/y.py"),
    ("all but a file in a folder", "**\n!src/deep/x/y.py", "ALL BUT src/deep/x/y.py"),
    ("all but a kind of file", "**\n!**/*.py", "ALL BUT src/main.py src/deep/x/y.py"),
    ("a folder but a part of it", "build\n!build/keep", "build/out.o"),
    ("a part of what is let in again", "build\n!build/keep\nbuild/keep/that", "build/out.o build/keep/that"),
    ("all of an ignored folder stays ignored beside an exception", "**/deep\n!docs/deep/none", "docs/deep/c.md src/deep/x/y.py"),
    ("the file itself and the Dockerfile", ".dockerignore\nDockerfile", ".dockerignore Dockerfile"),
    ("the folder itself", ".", ""),
    ("a mark and nothing", "!", ""),
    ("a mark and a blank", "*.md\n! README.md", ""),
    ("a name that is not there", "nowhere", ""),
]


@pytest.mark.parametrize(("ignored", "out"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_line_ignores_what_docker_ignores(ignored: str, out: str, tmp_path: Path) -> None:
    found = left(laid(tmp_path, *FILES), ignored)
    named = out.removeprefix("ALL BUT ").split()
    assert found == (set(named) if out.startswith("ALL BUT") else set(FILES) - set(named))


SECRET = (
    ".env", ".env.production", "src/.env", ".git/config", "deploy/server.pem", "tls/server.key", "id_rsa", "home/.ssh/id_ed25519",
    "id_rsa.pub", "home/.ssh/known_hosts", ".netrc", ".pypirc", ".npmrc", "home/.aws/credentials", ".git-credentials",
    "store.p12", "home/.kube/config",
)  # fmt: skip
HARMLESS = ("environment", ".env.example", "env.py", "src/env/x", "gitlog", "sshd.conf", "npmrc", "keys.txt", "pem")


def test_no_secret_goes_in_that_no_line_asks_for_and_it_is_said_once(tmp_path: Path) -> None:
    found = context_of(laid(tmp_path, *SECRET, *HARMLESS))
    assert set(found.files) == set(HARMLESS)
    assert found.warning.count("left out of the build") == 1
    assert ".env, .env.production, .git, .git-credentials, .netrc and 11 more" in found.warning
    assert "!.env in .dockerignore lets it in" in found.warning


@pytest.mark.parametrize(
    "ignored", ["!*", "!**", "*\n!src\n!home\n!deploy\n!tls", "!**/*", "!src/*", "!.*", "!*.*", "!?env", "!src/**"]
)
def test_a_line_that_speaks_of_everything_lets_no_secret_in(ignored: str, tmp_path: Path) -> None:
    found = left(laid(tmp_path, *SECRET, *HARMLESS), ignored)
    assert not found & set(SECRET) or ignored == "!?env"


LET_IN: list[tuple[str, str]] = [
    ("!.env", ".env"),
    ("!src/.env", "src/.env"),
    ("!**/.env", ".env src/.env"),
    ("!.env.production", ".env.production"),
    ("!**/*.pem", "deploy/server.pem"),
    ("!deploy/server.pem", "deploy/server.pem"),
    ("!.git", ".git/config"),
    ("!home/.ssh/known_hosts", "home/.ssh/known_hosts"),
    ("!home/.aws", "home/.aws/credentials"),
    ("!.npmrc\n.npmrc", ""),
    ("!id_rsa.pub", "id_rsa.pub"),
]


@pytest.mark.parametrize(("ignored", "inside"), LET_IN, ids=[row[0] for row in LET_IN])
def test_a_secret_goes_in_when_a_line_names_it(ignored: str, inside: str, tmp_path: Path) -> None:
    assert left(laid(tmp_path, *SECRET), ignored) == set(inside.split())


def test_what_the_file_ignores_itself_needs_no_word(tmp_path: Path) -> None:
    assert context_of(laid(tmp_path, ".env", "a", ".git/config"), [".env", "**/.git"]).warning == ""


def test_caches_stay_out_without_a_word_unless_a_line_names_them(tmp_path: Path) -> None:
    laid(tmp_path, "a/__pycache__/b.pyc", "node_modules/x/y.js", ".venv/bin/python", "c")
    assert context_of(tmp_path) == Context({"c": tmp_path / "c"})
    assert left(tmp_path, "!*\n!node_modules") == {"c", "node_modules/x/y.js"}


def test_the_dockerfile_s_own_file_of_ignored_names_stands_for_the_common_one(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile", "other.Dockerfile", "a", "b")
    (tmp_path / ".dockerignore").write_bytes(b"\xef\xbb\xbfa\r\n")
    (tmp_path / "other.Dockerfile.dockerignore").write_text("b\n", encoding="utf-8")
    common, own = (build_of("image", tmp_path / name) for name in ("Dockerfile", "other.Dockerfile"))
    assert ("a" in common.context, "b" in common.context) == (False, True)
    assert ("a" in own.context, "b" in own.context) == (True, False)
    assert own.context["Dockerfile"] == b"of other.Dockerfile"


def test_the_tag_follows_what_goes_in(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile", "a", "noise", ".env")
    (tmp_path / ".dockerignore").write_text("noise\n", encoding="utf-8")
    before = build_of("image", tmp_path / "Dockerfile").tag
    laid(tmp_path, "noise2").joinpath("noise").write_text("other", encoding="utf-8")
    (tmp_path / "noise2").unlink()
    (tmp_path / ".env").write_text("OTHER=1", encoding="utf-8")
    assert build_of("image", tmp_path / "Dockerfile").tag == before
    (tmp_path / "a").write_text("other", encoding="utf-8")
    assert build_of("image", tmp_path / "Dockerfile").tag != before


def test_the_dockerfile_goes_in_although_it_is_ignored(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile", "a")
    (tmp_path / ".dockerignore").write_text("*\n", encoding="utf-8")
    assert set(build_of("image", tmp_path / "Dockerfile").context) == {"Dockerfile"}


def packed(build: Build) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(images._packed(build.context).getvalue())) as tar:
        return {member.name: member for member in tar}


def test_a_link_goes_in_as_a_link_and_nothing_of_what_it_leads_to(tmp_path: Path) -> None:
    outside = laid(tmp_path / "outside", "secret")
    inside = laid(tmp_path / "inside", "Dockerfile", "a")
    (inside / "file").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    (inside / "nowhere").symlink_to("nothing")
    found = packed(build_of("image", inside / "Dockerfile"))
    assert set(found) == {"Dockerfile", "a", "file", "folder", "round", "nowhere"}
    assert [found[name].issym() for name in ("file", "folder", "round", "nowhere")] == [True] * 4
    assert found["file"].linkname == str(outside / "secret")


def test_where_a_link_leads_is_part_of_the_tag(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile", "a", "b")
    (tmp_path / "link").symlink_to("a")
    before = build_of("image", tmp_path / "Dockerfile").tag
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert build_of("image", tmp_path / "Dockerfile").tag != before


def test_what_is_no_file_stays_out(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile")
    os.mkfifo(tmp_path / "pipe")
    assert set(build_of("image", tmp_path / "Dockerfile").context) == {"Dockerfile"}


def test_a_name_that_is_no_utf_8_goes_in(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile")
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"x")
    build = build_of("image", tmp_path / "Dockerfile")
    assert build.tag
    assert len(packed(build)) == 2


def test_too_large_a_folder_is_refused_with_its_largest_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_BYTES", 3_000_000)
    laid(tmp_path, "Dockerfile", "small/a")
    for name, size in (("large/a", 2_000_000), ("large/b", 1_000_000), ("middle/c", 1_500_000)):
        laid(tmp_path, name).joinpath(name).write_bytes(b"\0" * size)
    with pytest.raises(CannotStartError, match=r"The largest: large \(3 MB\), middle \(2 MB\).*\.dockerignore"):
        build_of("image", tmp_path / "Dockerfile")
    (tmp_path / ".dockerignore").write_text("large\n", encoding="utf-8")
    assert "middle/c" in build_of("image", tmp_path / "Dockerfile").context


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_FILES", 3)
    with pytest.raises(CannotStartError, match="5 files"):
        context_of(laid(tmp_path, "a", "b", "c", "d", "e"))


def test_an_ignore_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    laid(tmp_path, "Dockerfile")
    (tmp_path / ".dockerignore").write_bytes("ä\n".encode("utf-16"))
    with pytest.raises(CannotStartError, match="UTF-8"):
        build_of("image", tmp_path / "Dockerfile")


PARTS = st.sampled_from(["a", "b", "*", "**", "?", ".env", "[ab]", "*.pem", "..", "", "!", "#", " "])
LINES = st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join) | st.text(max_size=6), max_size=5)


@given(LINES)
def test_any_lines_at_all_leave_a_context_without_links_out_and_without_a_crash(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any lines"
    if not folder.exists():
        laid(folder, "a/b/a", "b/a", "c", "a/.env", "b/x.pem")
    found = set(context_of(folder, lines).files)
    assert found <= {"a/b/a", "b/a", "c", "a/.env", "b/x.pem"}
    if not any("env" in line for line in lines):
        assert "a/.env" not in found
