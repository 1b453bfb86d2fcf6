from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from saga_contracts.declare.saga import Saga
from saga_contracts.show.draw import saga_svg

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  (our own text)


def texts(root: ET.Element) -> list[str]:
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_every_step_its_participant_its_class_and_its_compensation_are_shown(vas: Saga) -> None:
    shown = " ".join(texts(parsed(saga_svg(vas))))
    for part in ("reserve_money", "at billing", "compensatable, calls back", "retriable", "undone by POST /reservations/cancel"):
        assert part in shown


def test_each_order_has_an_arrow_and_undoing_goes_back(vas: Saga) -> None:
    kinds = [node.get("class") for node in parsed(saga_svg(vas)).iter(f"{SVG}path") if node.get("marker-end")]
    assert kinds.count("saga-order") == 4
    assert kinds.count("saga-undo") == 2


def test_boxes_never_overlap(vas: Saga) -> None:
    boxes = [node for node in parsed(saga_svg(vas)).iter(f"{SVG}rect") if "saga-box" in (node.get("class") or "")]
    places = {(node.get("x"), node.get("y")) for node in boxes}
    assert len(places) == len(boxes) == 4


def test_marks_are_shown_at_their_step(vas: Saga) -> None:
    root = parsed(saga_svg(vas, {"apply_vas": "broken", "notify": "<new>"}))
    marks = {node.text: node.get("class") for node in root.iter(f"{SVG}text") if "saga-mark" in (node.get("class") or "")}
    assert marks == {"broken": "saga-mark broken", "<new>": "saga-mark"}


def test_a_step_leads_to_its_address_and_a_page_may_bring_the_colours(vas: Saga) -> None:
    text = saga_svg(vas, links={"apply_vas": '/steps/a?b=1&c="2"'}, styled=False)
    assert [node.get("href") for node in parsed(text).iter(f"{SVG}a")] == ['/steps/a?b=1&c="2"']
    assert "<style>" not in text


def test_names_with_markup_are_escaped(make_step: Make, make_saga: MakeSaga) -> None:
    saga = make_saga(make_step("a", participant='<script>"&'), owner='"><script>')
    text = saga_svg(saga)
    assert "<script>" not in text
    assert 'at <script>"&' in texts(parsed(text))


def test_a_long_text_is_cut_and_kept_as_a_tooltip(make_step: Make, make_saga: MakeSaga) -> None:
    root = parsed(saga_svg(make_saga(make_step("a", participant="p" * 80))))
    tips = [node.text for node in root.iter(f"{SVG}title")]
    assert f"at {'p' * 80}" in tips


def test_the_picture_needs_nothing_from_outside_and_knows_the_dark(vas: Saga) -> None:
    text = saga_svg(vas)
    assert text.count("http") == 1  # the name space
    assert "prefers-color-scheme: dark" in text
    assert saga_svg(vas) == text


def test_a_condition_and_an_undo_order_by_hand_are_shown(make_step: Make, make_saga: MakeSaga) -> None:
    steps = [make_step("a", undo_after=[]), make_step("b", after=["a"], undo_after=["a"], when="{payload.amount} > 3")]
    text = saga_svg(make_saga(*steps))
    lines = [node.text for node in parsed(text).iter(f"{SVG}text")]
    assert "only if {payload.amount} > 3" in lines  # whole, not cut
    assert "undone at once" in lines
    assert "undone after a" in lines
    assert 'class="saga-undo"' not in text
