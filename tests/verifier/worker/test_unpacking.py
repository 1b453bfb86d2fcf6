"""The archive of an announcement is opened within bounds, and nothing of it gets out of its folder."""

import contextlib
import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from saga_verifier.worker.unpacking import ArchiveError, unpack


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def file(name: str, content: bytes = b"x", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, content


def test_plain_files_and_folders_are_opened(tmp_path: Path) -> None:
    inside = file("inside", b"", type=tarfile.SYMTYPE, linkname="app/server.py")
    unpack(packed(file("app/server.py", b"print()"), file("run.sh", mode=0o755), inside), tmp_path)
    assert (tmp_path / "app" / "server.py").read_bytes() == b"print()"
    assert (tmp_path / "run.sh").stat().st_mode & 0o100
    assert (tmp_path / "inside").read_bytes() == b"print()"


@pytest.mark.parametrize(
    "member",
    [
        file("../outside"),
        file("a/../../outside"),
        file("/outside"),
        file("link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        file("link", b"", type=tarfile.SYMTYPE, linkname="../../outside"),
        file("link", b"", type=tarfile.LNKTYPE, linkname="../outside"),
        file("device", b"", type=tarfile.CHRTYPE),
        file("pipe", b"", type=tarfile.FIFOTYPE),
    ],
    ids=lambda member: f"{member[0].name} {member[0].type!r} {member[0].linkname}",
)
def test_nothing_leads_out_of_the_folder(tmp_path: Path, member: tuple[tarfile.TarInfo, bytes]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with contextlib.suppress(ArchiveError):
        unpack(packed(member), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"], "an absolute name may be taken as one of the folder"
    assert all(path.is_file() and not path.is_symlink() for path in folder.iterdir())


def test_a_link_that_is_written_through_leads_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ArchiveError):
        unpack(packed(file("out", b"", type=tarfile.SYMTYPE, linkname=".."), file("out/evil")), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_small_file_that_stands_for_much_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="more than 1000000 bytes"):
        unpack(packed(file("bomb", bytes(50_000_000))), tmp_path, most_bytes=1_000_000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000_000


def test_many_files_are_given_up(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="more than 10 entries"):
        unpack(packed(*(file(str(number)) for number in range(11))), tmp_path, most_files=10)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no archive",
        b"\x1f\x8b",
        gzip.compress(b"no tar file, but long enough to be looked at " * 20),
        packed(file("a"))[:40],
    ],
    ids=["nothing", "words", "a beginning", "no tar file", "cut off"],
)
def test_what_is_no_archive_is_told_as_such(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ArchiveError):
        unpack(raw, tmp_path)
