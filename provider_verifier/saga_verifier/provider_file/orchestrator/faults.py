"""Judges what a provider file says of an orchestrator: templates, words, and the address for callbacks."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.errors import Fault
from saga_contracts.read import positions
from saga_verifier.provider_file.orchestrator.declared import (
    CALLBACK_VALUES,
    CHECK_VALUES,
    CREATE_VALUES,
    DEFINE_VALUES,
    ENDS,
    ID_VALUES,
    READ_VALUES,
)

_AT = "orchestrator"


def faults(document: positions.Document) -> Iterator[Fault]:
    """Give each fault of this part that no single field can tell."""
    declared = document.data.get(_AT)
    if not isinstance(declared, Mapping):
        return
    create, read = declared.get("create"), declared.get("read")
    yield from _known(document, declared.get("define"), ("define",), DEFINE_VALUES)
    yield from _known(document, declared.get("check"), ("check",), CHECK_VALUES)
    yield from _known(document, declared.get("callback_path"), ("callback_path",), CALLBACK_VALUES)
    yield from _callback(document, declared.get("callback_path"))
    if isinstance(create, Mapping):
        yield from _known(document, create.get("request"), ("create", "request"), CREATE_VALUES)
        yield from _known(document, create.get("id"), ("create", "id"), ID_VALUES)
    if isinstance(read, Mapping):
        yield from _known(document, read.get("request"), ("read", "request"), READ_VALUES)
        yield from _words(document, read.get("words"), ("read", "words"))
        yield from _words(document, read.get("step_words"), ("read", "step_words"))
        yield from _ends(document, read.get("words"))


def _known(document: positions.Document, value: Any, at: positions.Path, known: tuple[str, ...]) -> Iterator[Fault]:
    for name in templates.names_in(value):
        root = name.partition(".")[0]
        if root not in known:
            close = difflib.get_close_matches(root, known, n=1)
            mend = f"Did you mean {{{close[0]}}}?" if close else f"Known here: {', '.join(known)}."
            yield document.fault((_AT, *at), f"The template {{{name}}} is not known.", mend)


def _callback(document: positions.Document, path: Any) -> Iterator[Fault]:
    names = set(templates.names_in(path))
    if isinstance(path, str) and "key" not in names and not {"saga_id", "step"} <= names:
        what = "The address of a callback does not tell which step it is about."
        yield document.fault((_AT, "callback_path"), what, "Put {key} into it, or {saga_id} and {step}.")


def _words(document: positions.Document, words: Any, at: positions.Path) -> Iterator[Fault]:
    if not isinstance(words, Mapping):
        return
    meanings: dict[str, str] = {}
    for ours, theirs in words.items():
        for word in theirs if isinstance(theirs, list) else ():
            if isinstance(word, str) and meanings.setdefault(word, ours) != ours:
                what = f"The word {word!r} means both {meanings[word]} and {ours}."
                yield document.fault((_AT, *at, ours), what, "Leave it where it belongs.")


def _ends(document: positions.Document, words: Any) -> Iterator[Fault]:
    for end in ENDS if isinstance(words, Mapping) else ():
        if end not in words:
            what = f"Nothing says by which word a saga is {end}."
            yield document.fault((_AT, "read", "words"), what, f"Add `{end}: [ITS_WORD]`.")
