"""What a test run recorded: one part for each exercised case, shared by all worker processes of the run.

A run has its own folder, so cases of removed tests cannot linger. `finish` turns it into pact files, but only for sagas of which
every case was exercised.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pactfile
from saga_contracts.derive.cases import WHOLE


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the recording of one saga ended.

    Attributes:
        saga: Its name.
        exercised: Number of cases that were exercised.
        missing: Names of those that were not.
        files: Pact files that were written.
    """

    saga: str
    exercised: int
    missing: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """The folder of one test run."""

    folder: Path

    @property
    def parts(self) -> Path:
        """Where the one-interaction pacts go."""
        return self.folder / "parts"

    def expect(self, saga: Saga, names: list[str]) -> None:
        """Note which cases the saga has; the same from each worker."""
        note = self.folder / f"{saga.saga}.saga.json"
        if not note.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps({"saga": saga.saga, "cases": names}), encoding="utf-8")

    def exercised(self, saga: Saga, name: str, source: str) -> None:
        """Note that a case was exercised, and by what: `native` or `library`; of both, `native` is what counts."""
        note = self.folder / f"{name.replace('/', '__')}.{source}.done.json"
        note.write_text(json.dumps({"saga": saga.saga, "case": name, "source": source}), encoding="utf-8")

    def finish(self, target: Path) -> list[Outcome]:
        """Write the pact files of every complete saga, and tell how each saga ended."""
        done = {note["case"]: note for source in ("library", "native") for note in self._notes(f"*.{source}.done.json")}
        expected = self._notes("*.saga.json")
        complete = [saga for saga in expected if all(name in done for name in saga["cases"])]
        files = self._write(complete, done, target)
        return [
            Outcome(
                saga["saga"],
                sum(name in done for name in saga["cases"]),
                tuple(name for name in saga["cases"] if name not in done),
                tuple(path for path, sagas in files.items() if saga["saga"] in sagas),
            )
            for saga in expected
        ]

    def _notes(self, pattern: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob(pattern))]

    def _write(self, sagas: list[dict[str, Any]], done: dict[str, dict[str, Any]], target: Path) -> dict[Path, set[str]]:
        """Write the pact files; gives for each the sagas whose cases it holds."""
        complete = {saga["saga"] for saga in sagas}
        required = [name for saga in sagas for name in saga["cases"]]
        messages = [name for name, note in done.items() if note["saga"] in complete and name.split("/")[1] == WHOLE]
        names = [*required, *sorted(messages)]
        parts = [json.loads((self.parts / f"{name.replace('/', '__')}.json").read_text(encoding="utf-8")) for name in names]
        written = {}
        ran = {saga["saga"] for saga in self._notes("*.saga.json")}
        for (consumer, provider), pact in pactfile.merge(parts).items():
            path = target / pactfile.file_name(consumer, provider)
            sources = {one["key"]: done[one["key"]]["source"] for one in pact["interactions"]}
            written[path] = {key.split("/")[0] for key in sources}
            kept, kept_sources = _of_other_sagas(path, ran)
            pact["interactions"] = sorted([*pact["interactions"], *kept], key=lambda one: str(one["key"]))
            pact["metadata"]["sagapact"] = {"source": sources | kept_sources}
            target.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pactfile.canonical(pact))
        return written


def _of_other_sagas(path: Path, ran: set[str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Give what an earlier run wrote into the same file for sagas that this run knows nothing of.

    Two sagas of one consumer can share a participant, and so a pact file; their tests may run one after the other.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        sources = document["metadata"]["sagapact"]["source"]
        kept = [one for one in document["interactions"] if one["key"] in sources and one["key"].split("/")[0] not in ran]
        return kept, {one["key"]: sources[one["key"]] for one in kept}
    except (OSError, ValueError, KeyError, TypeError):
        return [], {}
