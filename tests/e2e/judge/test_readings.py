"""Two probes at one address: told apart where they read different fields, unproven with the reason where they read the same."""

from typing import Any

import pytest

from saga_contracts.declare.saga import Probe, Reads, Request, Saga
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.scenarios import derive
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.judge.readings import shared_probes
from saga_e2e.proxy.trace import Asked

SAME_PLACE = Request(method="GET", path="/orders/{payload.order_id}")


def twins(saga_of: Any, one: dict[str, Any], other: dict[str, Any], place: Request = SAME_PLACE) -> Saga:
    """Two steps at one participant; each probe reads the fields that are given."""

    def reads(fields: dict[str, Any], request: Request) -> Probe:
        return Probe(request=request, reads=Reads(before=dict.fromkeys(fields, 0), applied=fields))

    saga: Saga = saga_of(
        {"step": "first", "probe": reads(one, SAME_PLACE)},
        {"step": "second", "after": ("first",), "probe": reads(other, place)},
    )
    return saga


def findings(story: Any, saga: Saga, *readings: Any) -> dict[str, Finding]:
    """Both steps are applied."""
    story.saga, story.states = saga, {"first": "applied", "second": "applied"}
    story.probes = dict(zip(("first", "second"), readings, strict=True))
    story.calls.clear()
    story.forward("first").forward("second")
    found = judge(Judged(saga, derive(saga)[0], story.evidence()))
    return {one.id: one for one in found}


def test_two_probes_at_one_address_that_read_different_fields_are_judged_apart(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"paid": 1}, {"sent": 1})

    right = findings(committed, saga, {"paid": 1, "sent": 1}, {"paid": 1, "sent": 1})
    wrong = findings(committed, saga, {"paid": 1, "sent": 2}, {"paid": 1, "sent": 2})

    assert {one.verdict for one in right.values()} <= {Verdict.KEPT, Verdict.NOT_APPLICABLE}
    assert {id_ for id_, one in wrong.items() if one.verdict == Verdict.BROKEN} == {"I2", "I3"}
    assert wrong["I2"].text == "second: {'sent': 2} is neither no effect nor exactly one."


def test_two_probes_that_read_the_same_field_at_one_address_are_unproven_with_the_reason(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"count": 1, "paid": 1}, {"count": 2})

    found = findings(committed, saga, {"count": 2, "paid": 1}, {"count": 2, "paid": 1})

    assert {id_ for id_, one in found.items() if one.verdict == Verdict.UNPROVEN} == {"I2", "I3"}
    assert "The effect of first cannot be seen: the probe of second reads the same field `count`" in found["I2"].text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"money": {"held": 1}}, {"money": {"free": 1}}, False),
        ({"money": {"held": 1}}, {"money": {"held": 2}}, True),
        ({"money": {"held": 1}}, {"money": 1}, True),
        ({"goods": ["a"]}, {"goods": ["b"]}, True),
    ],
)
def test_nested_fields_are_compared_by_their_whole_place(
    saga_of: Any,
    one: dict[str, Any],
    other: dict[str, Any],
    same: bool,  # noqa: FBT001
) -> None:
    context = {"payload": {"order_id": "o-1"}}
    found = {name: Asked(None, {}, "", context) for name in ("first", "second")}

    assert bool(shared_probes(twins(saga_of, one, other), found)) is same


def test_probes_at_different_addresses_are_apart_whatever_they_read(saga_of: Any) -> None:
    other = Request(method="GET", path="/orders/{payload.order_id}/lines")
    found = {name: Asked(None, {}, "", {"payload": {"order_id": "o-1"}}) for name in ("first", "second")}

    assert shared_probes(twins(saga_of, {"count": 1}, {"count": 1}, other), found) == {}


def test_a_probe_that_could_not_be_read_is_nobody_elses_trouble(saga_of: Any) -> None:
    context = {"payload": {"order_id": "o-1"}}
    found = {"first": Asked(None, None, "an output is missing", context), "second": Asked(None, {"count": 1}, "", context)}

    assert shared_probes(twins(saga_of, {"count": 1}, {"count": 1}), found) == {}
