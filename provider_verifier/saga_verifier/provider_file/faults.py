"""Judges the text of a provider file: all of its faults at once, each with its place and a mend.

Two passes that both always run: the shape of each field, and what no single field can tell. The second looks only at values of
the right shape.
"""

import difflib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from saga_contracts.errors import Fault
from saga_contracts.read import positions
from saga_verifier.isolation.placeholders import PLACEHOLDERS, inside_words, outside_names
from saga_verifier.provider_file import beside, services, shapes
from saga_verifier.provider_file.beside import texts_in
from saga_verifier.provider_file.clock import ONE_WAY
from saga_verifier.provider_file.container import CONTAINER_PLACEHOLDERS, ONE_SOURCE
from saga_verifier.provider_file.depends import ONE_CONTRACT
from saga_verifier.provider_file.document import FORMAT, Document


def judged(
    document: positions.Document, folder: Path, environ: Mapping[str, str], only: Collection[str] = ()
) -> tuple[list[Document], list[Fault]]:
    """Give what a text says, one document for each of its services, or its faults.

    Args:
        document: The text.
        folder: The folder of the file.
        environ: The caller's environment.
        only: Names of the services whose needs of the environment are looked at; empty: all.
    """
    read, found = [], list(services.faults(document))
    for service in services.parted(document):
        one, own = _judged(service, folder, environ, only)
        read += [one] if one is not None else []
        found += [services.told(document, service, fault) for fault in own]
    return read, found


def _judged(
    document: positions.Document, folder: Path, environ: Mapping[str, str], only: Collection[str]
) -> tuple[Document | None, list[Fault]]:
    read, found = _shaped(document)
    if isinstance(document.data, Mapping):
        meant = not only or document.data.get("provider") in only
        found += _Judge(document, folder, environ if meant else None).faults()
    return read, found


def _shaped(document: positions.Document) -> tuple[Document | None, list[Fault]]:
    if document.faults:
        return None, list(document.faults)
    if not isinstance(document.data, Mapping):
        return None, [document.fault((), "A provider file is a mapping of fields.", f"Start it with `format: {FORMAT}`.")]
    try:
        return Document.model_validate_json(json.dumps(document.data)), []
    except ValidationError as error:
        return None, list(shapes.faults(document, error))


@dataclass(frozen=True, slots=True)
class _Judge:
    """Finds what no single field can tell."""

    document: positions.Document
    folder: Path
    environ: Mapping[str, str] | None
    """None: what is missing in it does not matter."""

    def faults(self) -> list[Fault]:
        start, container = self.document.data.get("start"), self.document.data.get("container")
        return [
            *(self._start(start) if isinstance(start, Mapping) else ()),
            *(self._container(container) if isinstance(container, Mapping) else ()),
            *beside.faults(self.document, self.environ),
            *self._depends(self.document.data.get("depends")),
            *self._clock(self.document.data.get("clock")),
        ]

    def _start(self, start: Mapping[str, Any]) -> Iterator[Fault]:
        texts = dict(texts_in(start, ("start",)))
        yield from self._placeholders(texts, PLACEHOLDERS)
        if (
            start.get("command")
            and start.get("port") is None
            and not any("port" in inside_words(text) for text in texts.values())
        ):
            what = "Nothing tells the participant its port."
            mend = 'Add `PORT: "{port}"` to env, or an argument; or write `port: 8080` if it cannot be told another.'
            yield self.document.fault(("start",), what, mend)
        yield from self._pass_env(start)
        cwd = start.get("cwd", ".")
        if isinstance(cwd, str) and "{workdir}" not in cwd and not _is_there(self.folder / cwd, Path.is_dir):
            what = f"There is no folder {self.folder / cwd}."
            yield self.document.fault(("start", "cwd"), what, "Name one, from this file's folder on, or from the root on.")

    def _container(self, container: Mapping[str, Any]) -> Iterator[Fault]:
        parts = {name: container[name] for name in ("env", "command") if name in container}
        yield from self._placeholders(dict(texts_in(parts, ("container",))), CONTAINER_PLACEHOLDERS)
        image, dockerfile = container.get("image"), container.get("dockerfile")
        if (image is None) == (dockerfile is None):
            what = "Nothing says which image it is." if image is None else "Both an image and a dockerfile stand here."
            yield self.document.fault(("container",), what, ONE_SOURCE)
        if isinstance(dockerfile, str) and dockerfile and not _is_there(self.folder / dockerfile, Path.is_file):
            what = f"There is no file {self.folder / dockerfile}."
            yield self.document.fault(("container", "dockerfile"), what, "Name a Dockerfile, from this file's folder on.")

    def _depends(self, services: Any) -> Iterator[Fault]:
        for number, one in enumerate(services if isinstance(services, list) else ()):
            if not isinstance(one, Mapping):
                continue
            replies, pact = one.get("replies"), one.get("pact")
            if (replies is None) == (pact is None):
                what = "It does not say what this service answers." if pact is None else "It says in two ways what it answers."
                yield self.document.fault(("depends", number), what, ONE_CONTRACT)
            if isinstance(pact, str) and pact and not _is_there(self.folder / pact, Path.is_file):
                what = f"There is no file {self.folder / pact}."
                yield self.document.fault(("depends", number, "pact"), what, "Name a pact, from this file's folder on.")

    def _clock(self, clock: Any) -> Iterator[Fault]:
        if isinstance(clock, Mapping) and (clock.get("env") is None) == (clock.get("path") is None):
            yield self.document.fault(("clock",), "It does not say in one way how the clock is moved.", ONE_WAY)

    def _placeholders(self, texts: Mapping[positions.Path, str], known: tuple[str, ...]) -> Iterator[Fault]:
        for path, text in texts.items():
            for word in inside_words(text):
                if word not in known:
                    yield self.document.fault(path, f"The placeholder {{{word}}} is not known.", _instead(word, known, path))
            for name in outside_names(text) if path[1] == "env" and self.environ is not None else ():
                if self.environ is not None and name not in self.environ:
                    mend = f"Did you mean {{{name}}}?" if name in known else "Set it where this is run, or remove it here."
                    yield self.document.fault(path, f"The caller's environment has no {name}.", mend)

    def _pass_env(self, start: Mapping[str, Any]) -> Iterator[Fault]:
        names, env = start.get("pass_env"), start.get("env")
        if isinstance(names, list) and isinstance(env, Mapping):
            for index, name in enumerate(names):
                if isinstance(name, str) and name in env:
                    what = f"{name} stands in env, too."
                    yield self.document.fault(("start", "pass_env", index), what, "Remove it from one of them.")


def _is_there(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except OSError:  # such as a name that is too long for any file
        return False


def _instead(word: str, known: tuple[str, ...], path: positions.Path) -> str:
    if path[0] == "start" and word in CONTAINER_PLACEHOLDERS:
        return "Write it in the part `container`: only there is such a database."
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {{{close[0]}}}?" if close else f"Write {{{{{word}}}}} for the text {{{word}}} itself."
