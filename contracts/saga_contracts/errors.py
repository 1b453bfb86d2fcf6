"""Errors that every package shares. An exception means "we could not find out"; a verdict is a value.

    SagapactError            exit status 4: could not find out
      UsageError             exit status 2: wrong usage or a wrong file
        FaultyFileError      an input file with all of its faults
          SagaFileError      (saga_contracts.sagafile)
          ProviderFileError  (saga_verifier.provider_file)

A message says what could not be done, where, why, and the mend.
"""

import errno
from dataclasses import dataclass


class SagapactError(Exception):
    """Sagapact could not find out what it was asked."""

    exit_status = 4


class UsageError(SagapactError):
    """Sagapact was used wrongly, or was given a file that it cannot read."""

    exit_status = 2


DEBUG = "SAGAPACT_DEBUG"
"""When this variable is set, a crash shows where it happened."""


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def crash(error: Exception) -> str:
    """Say that sagapact itself failed, in one sentence, and how to report it; or that the disk lets it write nothing."""
    said = " ".join(str(error).split())
    said = said if len(said) <= 300 else f"{said[:300]}…"  # noqa: PLR2004  (a sentence)
    if isinstance(error, OSError) and (error.errno in _NO_ROOM or "temporary directory" in said):
        return (
            f"sagapact cannot write what it has to ({said}), so nothing was found out here. Make room on the disk, or name "
            "another folder for temporary files in TMPDIR, and run it again."
        )
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return (
        f"sagapact itself failed ({what}), so nothing was found out here. Set {DEBUG}=1 to see where it happened, and report "
        "that with the command and its input as a defect of sagapact."
    )


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with an input file.

    Attributes:
        file: The file's path as the user gave it.
        line: 1-based; 0 when the fault belongs to no line.
        column: 1-based; 0 when the fault belongs to no column.
        where: The place inside the document, such as `steps.reserve_money.forward.request.path`.
        what: What is wrong, one sentence.
        mend: What to do about it, one sentence.
    """

    file: str
    line: int
    column: int
    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        """Give the fault as one line that editors can follow."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        at = f" {self.where}:" if self.where else ""
        return f"{place}:{at} {self.what} {self.mend}".rstrip()


class FaultyFileError(UsageError):
    """An input file has faults.

    Attributes:
        kind: What kind of file it is, in words.
        faults: All of them, in the order of the file.
    """

    kind = "input file"

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{file} is not a valid {self.kind} ({count}):", *(f"  {fault}" for fault in self.faults)]))
