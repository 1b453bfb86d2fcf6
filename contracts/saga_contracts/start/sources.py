"""Finds out what documents tell: opens each file that the user named, by its kind, and puts the steps into one order."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from saga_contracts.errors import UsageError
from saga_contracts.start import reading
from saga_contracts.start.choosing import Choice, choices, nothing_chosen
from saga_contracts.start.formats import exchanges, har, pact
from saga_contracts.start.formats.arazzo import reading as arazzo_reading
from saga_contracts.start.formats.bpmn import diagram
from saga_contracts.start.formats.bpmn import reading as bpmn_reading
from saga_contracts.start.formats.exchanges import Exchange
from saga_contracts.start.formats.openapi import calls
from saga_contracts.start.formats.openapi.document import Document, opened
from saga_contracts.start.told import Told

MOST_STEPS = 200
"""As many as a saga file takes."""


def told(sources: Mapping[str, Any], steps: Sequence[str], part: str | None) -> Told:
    """Read what the user named.

    Args:
        sources: Files by kind: `openapi` and `pact` many, the others one.
        steps: The steps that were chosen, as they were written.
        part: The process or workflow that was chosen.

    Raises:
        UsageError: when a file cannot be read, kinds do not go together, or nothing was chosen.
    """
    kinds = sorted(sources)
    if len(kinds) > 1 and kinds != ["arazzo", "openapi"]:
        raise UsageError(
            f"Start from one kind of document, not from {' and '.join(kinds)}. (Arazzo goes with its OpenAPI documents.)"
        )
    kind = "arazzo" if "arazzo" in kinds else kinds[0]
    found = _BY_KIND[kind](sources, choices(steps), part)
    if len(found.steps) > MOST_STEPS:
        raise UsageError(
            f"{found.source} has {len(found.steps)} steps, and a saga has {MOST_STEPS} at most. Take the saga out of it."
        )
    return found


def _from_openapi(sources: Mapping[str, Any], chosen: Sequence[Choice], part: str | None) -> Told:
    _without_part(part)
    documents = _opened(sources["openapi"])
    if not chosen:
        held = [one for document in documents for one in document.operations()]
        raise nothing_chosen(held, " and ".join(one.source for one in documents))
    found = Told("OpenAPI", ", ".join(one.source for one in documents))
    for choice in chosen:
        found.steps.append(calls.step_of(choice, _owner_of(choice, documents), found))
    return _one_after_another(found)


def _from_pact(sources: Mapping[str, Any], chosen: Sequence[Choice], part: str | None) -> Told:
    _without_part(part)
    paths = [Path(one) for one in sources["pact"]]
    contents = [(reading.document(path), path.name) for path in paths]
    consumers = {pact.consumer_of(*one) for one in contents}
    found = _from_exchanges("pact", paths, [one for each in contents for one in pact.exchanges(*each)], chosen)
    found.owner = consumers.pop() if len(consumers) == 1 else None
    return found


def _from_har(sources: Mapping[str, Any], chosen: Sequence[Choice], part: str | None) -> Told:
    _without_part(part)
    path = Path(sources["har"])
    found = _from_exchanges("recorded traffic", [path], har.exchanges(reading.document(path), path.name), chosen)
    names = sorted({step.participant for step in found.steps})
    found.questions.append(f"The participants are called after the hosts: {', '.join(names)}. What are the services called?")
    return found


def _from_bpmn(sources: Mapping[str, Any], chosen: Sequence[Choice], part: str | None) -> Told:
    _without_steps(chosen)
    path = Path(sources["bpmn"])
    found = bpmn_reading.chosen(diagram.diagrams(reading.xml(path), path.name), part, path.name)
    return bpmn_reading.told(found, path.name)


def _from_arazzo(sources: Mapping[str, Any], chosen: Sequence[Choice], part: str | None) -> Told:
    _without_steps(chosen)
    path = Path(sources["arazzo"])
    return arazzo_reading.told(reading.document(path), path.name, part, _opened(sources.get("openapi", ())))


def _from_exchanges(kind: str, paths: Sequence[Path], held: Sequence[Exchange], chosen: Sequence[Choice]) -> Told:
    source = ", ".join(path.name for path in paths)
    if not chosen:
        raise nothing_chosen(exchanges.operations(held), source)
    found = Told(kind, source)
    for choice in chosen:
        found.steps.append(exchanges.step_of(choice, held, found, source))
    return _one_after_another(found)


def _opened(named: Sequence[str]) -> list[Document]:
    documents = []
    for text in named:
        participant, is_named, file = text.partition("=")
        path = Path(file if is_named and not Path(text).exists() else text)
        own = participant if is_named and path != Path(text) else None
        documents.append(opened(reading.document(path), path.name, own))
    return documents


def _owner_of(choice: Choice, documents: Sequence[Document]) -> Document:
    if choice.participant is None and len(documents) == 1:
        return documents[0]
    found = next((one for one in documents if one.participant == choice.participant), None)
    if found is None:
        names = ", ".join(one.participant for one in documents)
        raise UsageError(f"Whose step is {choice.step!r}? Write --step {choice.step}@PARTICIPANT=…, with one of: {names}.")
    return found


def _one_after_another(found: Told) -> Told:
    """Let each step wait for the one before it; the order is that in which the user named them."""
    for before, step in pairwise(found.steps):
        step.after, step.order_is_guessed = [before.name], True
    return found


def _without_part(part: str | None) -> None:
    if part is not None:
        raise UsageError("--process goes with --from-bpmn and --from-arazzo only. Leave it out.")


def _without_steps(chosen: Sequence[Choice]) -> None:
    if chosen:
        raise UsageError(
            "--step goes with --from-openapi, --from-pact and --from-har; this document has steps of its own. Leave it out."
        )


_BY_KIND: Mapping[str, Callable[[Mapping[str, Any], Sequence[Choice], str | None], Told]] = {
    "openapi": _from_openapi,
    "pact": _from_pact,
    "har": _from_har,
    "bpmn": _from_bpmn,
    "arazzo": _from_arazzo,
}
