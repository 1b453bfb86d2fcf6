"""Whatever stands in a document, a draft is made of it or it is refused in words; and a draft is always readable YAML."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
import yaml

from saga_contracts.errors import UsageError
from saga_contracts.read import positions
from saga_contracts.start import sources
from saga_contracts.start.draft import draft

DOCUMENTS = Path(__file__).parent / "documents"
ODD: tuple[Any, ...] = (None, [], {}, "x", 5, True, [None], {"$ref": "#/nowhere"}, {"$ref": 1})
KINDS = {
    "warehouse.openapi.yaml": ("openapi", ("reserve=POST /holds,DELETE /holds/{holdId},GET /holds/mine",)),
    "payments.openapi.yaml": ("openapi", ("look=getRate", "pay=startPayment,cancelPayment,readPayment")),
    "bank.swagger.json": ("openapi", ("pay=PUT /payments/{number},DELETE /payments/{number}", "tell=POST /messages")),
    "shop-bank.pact.json": ("pact", ("pay=POST /payments,POST /payments/{id}/refund",)),
    "purchase.har": ("har", ("reserve=POST /holds,DELETE /holds/{id},GET /holds/{id}", "pay=POST /charges")),
    "purchase.arazzo.yaml": ("arazzo", ()),
    "checkout.arazzo.yaml": ("arazzo", ()),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every member of a document."""
    if path:
        yield path
    for name, member in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(member, (*path, name))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Give the document with another value at one place."""
    found = copy.deepcopy(document)
    place = found
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return found


def made_or_refused(kind: str, path: Path, steps: tuple[str, ...]) -> bool:
    """Make a draft, which has to be readable; False when the document was refused in words."""
    named: Any = (str(path),) if kind in ("openapi", "pact") else str(path)
    try:
        text = draft(
            sources.told({kind: named}, steps, "checkout" if kind == "arazzo" and "checkout" in path.read_text() else None),
            "sale",
            "shop",
        )
    except UsageError as error:
        assert str(error).rstrip().endswith((".", "?", "(- for none).", "'"))  # noqa: PT017
        return False
    assert not positions.read(text, "saga.yaml").faults, text
    return True


@pytest.mark.parametrize("name", KINDS)
def test_any_value_at_any_place_of_a_document_is_taken_or_refused_in_words(name: str, tmp_path: Path) -> None:
    kind, steps = KINDS[name]
    document = yaml.safe_load((DOCUMENTS / name).read_text(encoding="utf-8"))
    file = tmp_path / "document.json"
    made = 0
    for number, path in enumerate(places(document)):
        file.write_text(json.dumps(changed(document, path, ODD[number % len(ODD)])), encoding="utf-8")
        made += made_or_refused(kind, file, steps)
    assert made > 0


def test_any_element_and_attribute_of_a_process_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "process.bpmn"
    made = 0
    for name in ("trip.bpmn", "order.bpmn"):
        root = fromstring((DOCUMENTS / name).read_text(encoding="utf-8"))  # noqa: S314  (our own)
        for number, one in enumerate(root.iter()):
            for broken in (without(root, number, None), *(without(root, number, each) for each in one.attrib)):
                file.write_bytes(tostring(broken))
                made += made_or_refused("bpmn", file, ())
    assert made > 100


def without(root: Element, number: int, attribute: str | None) -> Element:
    """Give a copy whose element of this number has lost an attribute, or its children."""
    found = copy.deepcopy(root)
    element = list(found.iter())[number]
    if attribute is None:
        for child in list(element):
            element.remove(child)
    else:
        del element.attrib[attribute]
    return found
