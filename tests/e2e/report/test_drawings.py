"""The drawings: columns by order, shapes by class, arrows that go back and arrows that break off."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from saga_contracts.declare.saga import Saga
from saga_e2e import report
from saga_e2e.report import ReportData
from saga_e2e.report.draw import saga as draw_saga
from saga_e2e.report.draw import sequence as draw_sequence
from saga_e2e.report.draw import trace as draw_trace
from saga_e2e.report.draw.sequence import Message
from saga_e2e.report.entries import scenarios_of

Make = Callable[..., ReportData]
CALL = {"request": {"method": "POST", "path": "/x"}, "replies": {"done": {"status": 201}}}
UNDO = {"request": {"method": "DELETE", "path": "/x"}, "replies": {"done": {"status": 200}}}


def _step(name: str, step_class: str, *after: str) -> dict[str, Any]:
    step = {"step": name, "participant": f"{name}_service", "class": step_class, "after": after, "forward": CALL}
    return step | ({"compensate": UNDO} if step_class == "compensatable" else {})


@pytest.fixture(scope="module")
def long_saga() -> Saga:
    """A saga with all classes, a wide group, and an edge that spans several columns."""
    steps = [
        _step("quote", "compensatable"),
        *(_step(f"hold_{one}", "compensatable", "quote") for one in ("hotel", "flight", "car", "seat")),
        _step("insure", "compensatable", "hold_hotel", "hold_flight"),
        _step("pay", "pivot", "insure", "hold_car", "hold_seat"),
        _step("send_documents", "retriable", "pay"),
        _step("close", "retriable", "send_documents", "quote"),
    ]
    parts = {"format": 1, "saga": "trip", "owner": "trips", "payload": {"schema": {}, "example": {}}, "steps": steps}
    return Saga.model_validate(parts)


def _parts(drawing: str, name: str, css: str) -> list[ET.Element]:
    root = ET.fromstring(drawing)  # noqa: S314
    return [one for one in root.iter(f"{{http://www.w3.org/2000/svg}}{name}") if css in one.get("class", "").split()]


def test_each_class_has_its_own_shape(long_saga: Saga) -> None:
    drawing = draw_saga.draw(long_saga, (), ())
    assert len(_parts(drawing, "g", "compensatable")) == 6
    assert len(_parts(drawing, "polygon", "shape")) == 1
    assert len(_parts(drawing, "rect", "inner")) == 2


def test_compensation_leads_back_from_what_can_fail_to_what_can_be_undone(saga: Saga, long_saga: Saga) -> None:
    assert len(_parts(draw_saga.draw(saga, (), ()), "path", "undo")) == 3
    assert len(_parts(draw_saga.draw(long_saga, (), ()), "path", "undo")) == 10


def test_an_edge_that_others_imply_is_not_drawn(long_saga: Saga) -> None:
    forward = _parts(draw_saga.draw(long_saga, (), ()), "path", "forward")
    assert len(forward) == 13


def test_a_step_without_a_deck_says_that_it_was_not_checked(saga: Saga) -> None:
    texts = [one.itertext() for one in _parts(draw_saga.draw(saga, (), ()), "text", "chip")]
    assert ["".join(one) for one in texts].count("not checked") == 4


def test_a_step_that_only_scenarios_struck_says_that_no_deck_was_played_and_what_the_scenarios_came_to(
    saga: Saga, make_report: Make
) -> None:
    name = saga.steps[0].step
    struck = [
        {
            "name": f"s{number}",
            "verdict": verdict,
            "faults": [{"step": name, "kind": "reply_lost"}],
            "invariants": [{"id": "I1", "verdict": verdict}],
        }
        for number, verdict in enumerate(("kept", "broken", "kept"))
    ]
    every = scenarios_of(make_report(saga=saga.as_json(), scenarios=struck))
    broken, kept = (
        ["".join(one.itertext()) for one in _parts(draw_saga.draw(saga, (), chosen), "text", "chip")]
        for chosen in (every, every[:1])
    )
    assert [one for one in broken if len(one) > 1] == ["no deck played here", "1 of 3 scenarios broken", *["not checked"] * 3]
    assert [one for one in kept if len(one) > 1][:2] == ["no deck played here", "1 scenario kept"]


def test_a_saga_of_200_steps_can_be_drawn(make_report: Make) -> None:
    steps = [
        _step("s0", "compensatable"),
        *(_step(f"s{one}", "compensatable", f"s{one // 2}") for one in range(1, 200) if one > 1),
    ]
    steps.insert(1, _step("s1", "compensatable", "s0"))
    parts = {"format": 1, "saga": "big", "owner": "o", "payload": {"schema": {}, "example": {}}, "steps": steps[:200]}
    assert "saga-drawing" in report.render(make_report(saga=parts))


@pytest.mark.parametrize(
    ("fate", "lost"),
    [
        ("reply_lost", "reply"), ("request_lost", "request"), ("unavailable", "request"), ("unanswered", "reply"), ("ok", ""),
        ("delivered", ""), ("", ""), (None, ""), ("duplicated", ""), ("delayed", ""),
    ],
)  # fmt: skip
def test_the_fate_of_a_call_says_what_was_lost(fate: str | None, lost: str) -> None:
    assert draw_trace.lost_part(fate) == lost


def _drawn(*messages: Message) -> str:
    return draw_sequence.draw("d", "A title", ("a", "b"), messages, gap=200)


def test_a_lost_reply_is_an_arrow_that_breaks_off() -> None:
    whole, broken = _drawn(Message("a", "b", "F", "201")), _drawn(Message("a", "b", "F", "201", lost="reply"))
    assert (len(_parts(whole, "polygon", "head")), len(_parts(whole, "line", "cross"))) == (2, 0)
    assert (len(_parts(broken, "polygon", "head")), len(_parts(broken, "line", "cross"))) == (1, 2)
    reply = _parts(broken, "line", "dashed")[0]
    request = _parts(broken, "line", "arrow")[0]
    assert float(request.get("x1", "")) < float(reply.get("x2", "")) < float(request.get("x2", ""))


def test_a_lost_request_has_no_reply() -> None:
    drawing = _drawn(Message("a", "b", "F", lost="request"))
    assert (len(_parts(drawing, "line", "arrow")), len(_parts(drawing, "polygon", "head"))) == (1, 0)


def test_a_message_to_nobody_is_a_remark() -> None:
    drawing = _drawn(Message("a", "nobody", "crashed"))
    assert len(_parts(drawing, "rect", "note")) == 1
    assert "crashed" in drawing


def test_a_drawing_tells_in_words_what_it_shows() -> None:
    drawing = _drawn(Message("a", "b", "F", "201", lost="reply"))
    root = ET.fromstring(drawing)  # noqa: S314
    assert root.get("role") == "img"
    assert "a to b: F, answered 201; this reply was lost." in drawing


def test_the_lifelines_are_owner_saga_service_and_participants(broken_run: ReportData) -> None:
    page = report.render(broken_run)
    drawing = page[page.index("What happened in All goes well") - 400 :].split("</svg>")[0]
    heads = [one.split("<")[0] for one in drawing.split('class="strong"')[1:] for one in [one.split(">", 1)[1]]]
    assert heads == ["vas_owner", "saga_service", "billing", "user_service", "vas_packages", "notifications"]
