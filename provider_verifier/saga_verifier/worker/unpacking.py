"""Opens the archive of an announcement: bounded, into one folder, without a way out of it."""

import sys
import zlib
from gzip import BadGzipFile, GzipFile
from io import BytesIO
from pathlib import Path

from saga_contracts.errors import SagapactError

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile  # type: ignore[import-untyped]  # the first releases of 3.11 look at no name and no link

MAX_BYTES = 256 * 1024 * 1024
MAX_FILES = 20_000
_CHUNK = 65_536
_TOO_MUCH = "The archive holds more than {} bytes. Put in only what the provider needs to run."


class ArchiveError(SagapactError):
    """An archive cannot be opened."""


class _Bounded:
    """Reads what an archive holds, and no more than is allowed: a small file may stand for gigabytes."""

    def __init__(self, raw: bytes, most: int) -> None:
        self._stream, self._left, self._most = GzipFile(fileobj=BytesIO(raw)), most, most

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes.

        Raises:
            ArchiveError: There are too many.
        """
        found = self._stream.read(min(size, _CHUNK) if size >= 0 else _CHUNK)
        self._left -= len(found)
        if self._left < 0:
            raise ArchiveError(_TOO_MUCH.format(self._most))
        return found


def unpack(raw: bytes, folder: Path, *, most_bytes: int = MAX_BYTES, most_files: int = MAX_FILES) -> None:
    """Open a tar file that is packed by gzip.

    Args:
        raw: Its bytes.
        folder: An empty folder.
        most_bytes: The most that it may hold, with its own bookkeeping.
        most_files: The most entries.

    Raises:
        ArchiveError: It is none, holds too much, or has a name, a link or a device that leads out of the folder.
    """
    try:
        with tarfile.open(fileobj=_Bounded(raw, most_bytes), mode="r|") as archive:
            for count, member in enumerate(archive, start=1):
                if count > most_files:
                    raise ArchiveError(f"The archive has more than {most_files} entries. Put in only what the provider needs.")
                if member.size > most_bytes:
                    raise ArchiveError(_TOO_MUCH.format(most_bytes))
                archive.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise ArchiveError(f"The archive has an entry that is not opened: {error}. Pack plain files of one folder.") from None
    except (tarfile.TarError, BadGzipFile, EOFError, zlib.error) as error:
        raise ArchiveError(f"The archive is no tar file packed by gzip ({error}). Make it by tar czf.") from None
