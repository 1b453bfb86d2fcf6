"""What a test run recorded: which cases its sagas have, which were exercised, and which failed.

A run has its own folder, which all of its processes share, so cases of removed tests cannot linger. `finish` turns it into pact
files, but only for sagas of which every case was exercised and none failed.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pactfile
from saga_contracts.errors import SagapactError
from saga_contracts.exercise import pactfolder

SOURCES = ("library", "native")
"""What exercised a case; of both, the later one is what counts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the recording of one saga ended.

    Attributes:
        saga: Its name.
        exercised: Names of the cases that were exercised and did not fail.
        missing: Names of the others.
        files: Pact files that were written.
        left_over: Pact files that hold interactions which an earlier run recorded of the saga, and that this one had no reason to
            write: its participants may have changed.
        faults: Why a pact file could not be written, one or two sentences each.
    """

    saga: str
    exercised: tuple[str, ...]
    missing: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    left_over: tuple[Path, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Do the pact files hold all of the saga?"""
        return not self.missing and not self.faults


@dataclass(frozen=True, slots=True)
class Recording:
    """The folder of one test run."""

    folder: Path

    def expect(self, saga: Saga, names: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Note which cases the saga has; the same from each worker, more from each further test.

        Args:
            saga: The saga.
            names: The cases that have to be exercised.
            optional: Cases that a run may leave to another one; what that one recorded of them stays.
        """
        content = hashlib.sha256(json.dumps(saga.as_json(), sort_keys=True).encode()).hexdigest()
        note = {"saga": saga.saga, "content": content, "cases": sorted(names), "optional": sorted(optional)}
        self._note("saga", json.dumps(note), note)

    def exercised(self, saga: Saga, name: str, source: str, pact: dict[str, Any]) -> None:
        """Note that a case was exercised, by what (`native` or `library`), and its pact."""
        self._note(source, name, {"saga": saga.saga, "case": name, "source": source, "pact": pact})

    def failed(self, name: str) -> None:
        """Note that a test of a case failed: no other test makes up for it."""
        self._note("failed", name, {"case": name})

    def finish(self, target: Path) -> list[Outcome]:
        """Write the pact files of every complete saga, and tell how each saga ended."""
        done = {note["case"]: note for source in SOURCES for note in self._notes(source)}
        for note in self._notes("failed"):
            done.pop(note["case"], None)
        sagas: dict[str, dict[str, _Saga]] = {}
        for note in self._notes("saga"):
            known = sagas.setdefault(note["saga"], {}).setdefault(note["content"], _Saga())
            known.cases.update(note["cases"])
            known.optional.update(note["optional"])
        return list(_finish({name: list(contents.values()) for name, contents in sorted(sagas.items())}, done, target))

    def _note(self, kind: str, name: str, content: dict[str, Any]) -> None:
        """Write a note as a whole or not at all; its name is a hash, so that no two names meet in any file system."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{hashlib.sha256(name.encode()).hexdigest()}.{kind}.json"
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(path)

    def _notes(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob(f"*.{kind}.json"))]


@dataclass(slots=True)
class _Saga:
    """What one saga file has: cases that have to be exercised, and such that need not."""

    cases: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of one pact."""

    sagas: frozenset[str]
    path: Path | None = None
    fault: str = ""


def _finish(sagas: dict[str, list[_Saga]], done: dict[str, dict[str, Any]], target: Path) -> Iterator[Outcome]:
    outcomes = {name: _outcome(name, contents, set(done)) for name, contents in sagas.items()}
    complete = {name: sagas[name][0].optional for name, outcome in outcomes.items() if outcome.is_complete}
    recorded = [note for note in done.values() if note["saga"] in complete and note["case"] in _known(sagas[note["saga"]][0])]
    written = list(_write(recorded, complete, target))
    paths = [one.path for one in written if one.path is not None]
    for name, outcome in outcomes.items():
        mine = [one for one in written if name in one.sagas]
        left = pactfolder.left_over(target, paths, {name: complete[name]}) if name in complete else []
        yield replace(
            outcome,
            files=tuple(one.path for one in mine if one.path is not None),
            left_over=tuple(left),
            faults=outcome.faults + tuple(one.fault for one in mine if one.fault),
        )


def _outcome(name: str, contents: list[_Saga], done: set[str]) -> Outcome:
    cases = set().union(*(saga.cases for saga in contents))
    faults = [f"Different saga files of this run bear the name {name}. Give each its own name."] if len(contents) > 1 else []
    return Outcome(name, tuple(sorted(cases & done)), tuple(sorted(cases - done)), faults=tuple(faults))


def _known(saga: _Saga) -> set[str]:
    return saga.cases | saga.optional


def _write(recorded: list[dict[str, Any]], complete: Mapping[str, set[str]], target: Path) -> Iterator[_Written]:
    try:
        pacts = pactfile.merge(one["pact"] for one in recorded)
    except SagapactError as error:
        yield _Written(frozenset(complete), fault=str(error))
        return
    yield from (_put(pact, recorded, complete, target) for pact in pacts.values())


def _put(pact: dict[str, Any], recorded: list[dict[str, Any]], complete: Mapping[str, set[str]], target: Path) -> _Written:
    keys = {one["key"] for one in pact["interactions"]}
    sources = {one["case"]: one["source"] for one in recorded if one["case"] in keys}
    sagas = frozenset(one["saga"] for one in recorded if one["case"] in keys)
    try:
        return _Written(sagas, pactfolder.put(target, pact, sources, complete))
    except SagapactError as error:
        return _Written(sagas, fault=str(error))
