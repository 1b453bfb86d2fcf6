"""The process that jobs' processes come from: it has loaded all that a job needs, and makes one for each line that it reads.

    python -m saga_verifier.worker.nursery

A line names a job's folder. The answer is `begun PID`, and `ended STATUS` when it has. Then a line says that this was heard, so
that until then PID means that process and no other; the worker ends it by its id. All of them go when the worker does.
"""

import os
import sys
from pathlib import Path

from saga_verifier.ending import end_politely
from saga_verifier.isolation.guarding.with_parent import die_with_parent
from saga_verifier.worker import child

LOG = "log"


def main() -> Path | None:
    """Make processes as long as there are lines; in such a process, give the folder of its job."""
    die_with_parent()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    while line := sys.stdin.readline():
        folder = Path(line.rstrip("\n"))
        pid = os.fork()
        if pid == 0:
            answers.close()
            return folder
        answers.write(f"begun {pid}\n")
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        answers.write(f"ended {0 if found is None else found.si_status}\n")
        sys.stdin.readline()
        os.waitpid(pid, 0)
    return None


def become(folder: Path) -> None:
    """Leave behind what this process has of the nursery, and do the job."""
    os.setsid()
    os.chdir(folder)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, wanted in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(own, wanted)
    end_politely()
    child.main(folder)


if __name__ == "__main__":
    job = main()
    if job is not None:
        become(job)
