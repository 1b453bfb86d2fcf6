"""Restoring a snapshot of the participant's database behind its back, as when a replica without the effect is promoted (O17).

The step is played to its end; then the participant is killed, its database is as it was before the first call, and it is started
again. It must say so, and the same call with the same key must apply. Of other databases than SQLite files it is not decidable.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from saga_contracts.derive.trials import Trial
from saga_verifier.isolation.placeholders import fill
from saga_verifier.play.called import Aside, Instance
from saga_verifier.play.deck import wait_for_work
from saga_verifier.play.driver import Driver
from saga_verifier.play.history import Playing
from saga_verifier.trials.disturbed import judged
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import HistoryResult

_SQLITE = "sqlite:///"
_BESIDE = ("-wal", "-shm", "-journal")
_OTHER = (
    "Not decidable here: only a SQLite file can be restored behind its back. Where the service keeps all it knows in one, "
    'name it: `database: "sqlite:///{workdir}/…"`.'
)


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials; each ends with a value.

    Raises:
        IsolationError: when the participant does not start any more.
    """
    database = ground.provider.database
    for trial in trials:
        if database is None or not database.url.startswith(_SQLITE):
            yield inapplicable(trial, _OTHER)
            continue
        with tempfile.TemporaryDirectory(prefix="sagapact-snapshot-") as folder:
            file = Path(fill(database.url.removeprefix(_SQLITE), ground.running.values, ground.provider.outside))
            yield _restored(ground, trial, _Snapshot(file, Path(folder) / "snapshot"))


class _Snapshot:
    """The database of a participant as it was before its first call.

    Args:
        file: The database.
        kept: Where the snapshot is.
    """

    def __init__(self, file: Path, kept: Path) -> None:
        self.file, self._kept = file, kept

    def take(self, _: Instance, letter: str) -> None:
        """Copy it before the first call, what stands in its log included."""
        if letter == "F" and not self._kept.exists() and self.file.exists():
            with closing(sqlite3.connect(self.file)) as database, closing(sqlite3.connect(self._kept)) as copy:
                database.backup(copy)

    @property
    def is_taken(self) -> bool:
        """Is there one?"""
        return self._kept.exists()

    def restore(self) -> None:
        """Put it in the place of what is there now; nobody may have that open."""
        for end in _BESIDE:
            with suppress(FileNotFoundError):
                self.file.with_name(self.file.name + end).unlink()
        shutil.copyfile(self._kept, self.file)


def _restored(ground: Ground, trial: Trial, snapshot: _Snapshot) -> HistoryResult:
    first = _played(ground.driver.beside_calls(Aside(before=snapshot.take)), trial)
    if first.broken or first.trouble or not snapshot.is_taken:
        ground.driver.release(first.instance)
        if not snapshot.is_taken:
            return untold(trial, f"no snapshot could be taken: there is no file {snapshot.file.name} where `database` says")
        return untold(trial, f"{trial.history.name} was not kept before the snapshot was restored")
    ground.running.kill()
    snapshot.restore()
    ground.running.start()
    again = _played(ground.driver, trial, first.instance)
    ground.driver.release(first.instance)
    return judged(ground, trial, again, "O17", "a database that was restored to before it", "1 snapshot restored")


def _played(driver: Driver, trial: Trial, again: Instance | None = None) -> Playing:
    playing = Playing(driver, trial.history, again=again)
    playing.run()
    wait_for_work(driver, [playing])
    playing.end()
    return playing
