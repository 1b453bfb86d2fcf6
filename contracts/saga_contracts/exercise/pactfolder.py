"""Putting pacts into a folder in which other things stand, so that nothing is lost that this tool did not make.

A pact goes into the file of its pair, whatever that is called; only a new file gets a name from here. Of an existing file, the
interactions that an earlier run recorded for the same sagas are replaced; those of other sagas, and ordinary ones, stay as they
are. A file is written as a whole or not at all.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from saga_contracts.derive import pactfile
from saga_contracts.errors import UsageError
from saga_contracts.wire import exact


def put(folder: Path, pact: Mapping[str, Any], sources: Mapping[str, str], sagas: Mapping[str, Collection[str]]) -> Path:
    """Write a pact into its file, and give the file.

    Args:
        folder: Where pact files stand; made if it is not there.
        pact: The pact of one pair, with interactions of these sagas.
        sources: What exercised each interaction, by its key.
        sagas: Sagas that were recorded as a whole, and for each the cases that need not be exercised: of what an earlier run
            recorded for them, only these stay.

    Raises:
        UsageError: when the file cannot be written, or holds something else than a pact of this pair.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _file_of(folder, _pair(pact))
        before = _read(path) if path.exists() else {}
        content = _merged(path, before, pact, sources, sagas)
        if not path.exists() or path.read_bytes() != content:
            _replace(path, content)
    except OSError as error:
        raise UsageError(
            f"The pact cannot be written to {folder}: {error.strerror or error}. Name another folder by --pacts."
        ) from None
    return path


def left_over(folder: Path, written: Collection[Path], sagas: Mapping[str, Collection[str]]) -> list[Path]:
    """Give the files that were not written although an earlier run recorded interactions of these sagas in them."""
    others = [path for path in sorted(folder.glob("*.json")) if path not in written]
    return [path for path in others if any(_is_of(key, sagas) for key in _sources(_looked_at(path)))]


def _is_of(key: str, sagas: Mapping[str, Collection[str]]) -> bool:
    saga = key.split("/", maxsplit=1)[0]
    return saga in sagas and key not in sagas[saga]


def _file_of(folder: Path, pair: tuple[str, str]) -> Path:
    """Give the file that holds the pact of a pair, or a name for it that no file has, however its letters are written."""
    there = {path.name.casefold(): path for path in sorted(folder.iterdir())}
    holding = [path for path in there.values() if path.suffix == ".json" and _pair(_looked_at(path)) == pair]
    if holding:
        return holding[0]
    usual, unmistakable = pactfile.file_name(*pair), pactfile.unmistakable_name(*pair)
    in_the_way = there.get(usual.casefold())
    if in_the_way is None:
        return folder / usual
    if _is_where_it_belongs(in_the_way) and unmistakable.casefold() not in there:
        return folder / unmistakable
    raise UsageError(
        f"{in_the_way} is in the way: the pact between {pair[0]} and {pair[1]} belongs there, but the file holds something "
        "else, and is left alone. Move it, or name another folder by --pacts."
    )


def _is_where_it_belongs(path: Path) -> bool:
    """Does a file hold a pact whose usual name it has? Two pairs can have one usual name."""
    pair = _pair(_looked_at(path))
    return pair != ("", "") and pactfile.file_name(*pair).casefold() == path.name.casefold()


def _merged(
    path: Path, before: dict[str, Any], pact: Mapping[str, Any], sources: Mapping[str, str], sagas: Mapping[str, Collection[str]]
) -> bytes:
    """Give the bytes of a file that holds what it held before, and the new interactions in the place of the old ones."""
    _refuse_others(path, before)
    recorded = _sources(before)
    replaced = {key for key in recorded if _is_of(key, sagas)} | set(sources)
    kept = [one for one in before.get("interactions") or () if one.get("key") not in replaced]
    kept_sources = {key: source for key, source in recorded.items() if key not in replaced}
    metadata = {**before.get("metadata", {}), **pact["metadata"], "sagapact": {"source": {**kept_sources, **sources}}}
    interactions = sorted([*pact["interactions"], *kept], key=lambda one: str(one.get("key") or one.get("description")))
    return pactfile.canonical({**before, **pact, "interactions": interactions, "metadata": metadata})


def _refuse_others(path: Path, before: Mapping[str, Any]) -> None:
    """Look whether interactions of version 4 may stand in a file.

    Raises:
        UsageError: when they may not.
    """
    metadata, interactions = before.get("metadata", {}), before.get("interactions") or []
    specification = metadata.get("pactSpecification", {}) if isinstance(metadata, dict) else None
    version = specification.get("version") if isinstance(specification, dict) else None
    if before and not (isinstance(interactions, list) and all(isinstance(one, dict) for one in interactions) and version):
        raise UsageError(f"{path} cannot be read as a pact, and is left alone. Move it, or name another folder by --pacts.")
    if before and not str(version).startswith("4"):
        raise UsageError(
            f"{path} is a pact of version {version}; interactions of version {pactfile.SPECIFICATION} cannot be added, so it is "
            "left alone. Move it, or name another folder by --pacts."
        )


def _replace(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _sources(document: Mapping[str, Any]) -> dict[str, str]:
    """Give what this tool recorded in a pact: what exercised each interaction, by its key."""
    try:
        return dict(document["metadata"]["sagapact"]["source"])
    except (KeyError, TypeError, ValueError):
        return {}


def _pair(document: Mapping[str, Any]) -> tuple[str, str]:
    try:
        return str(document["consumer"]["name"]), str(document["provider"]["name"])
    except (KeyError, TypeError):
        return "", ""


def _looked_at(path: Path) -> dict[str, Any]:
    """Give the document of a file; an empty one if it holds none."""
    try:
        return _read(path)
    except (OSError, UsageError):
        return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = exact.loads(path.read_bytes())
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UsageError(f"{path} holds no JSON object, and is left alone. Move it, or name another folder by --pacts.")
    return document
