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


def test_two_probes_that_read_one_field_are_judged_by_the_sum_of_their_effects(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"count": 1, "paid": 1}, {"count": 2})

    right = findings(committed, saga, {"count": 3, "paid": 1}, {"count": 3, "paid": 1})
    one_missing = findings(committed, saga, {"count": 1, "paid": 1}, {"count": 1, "paid": 1})
    too_much = findings(committed, saga, {"count": 5, "paid": 1}, {"count": 5, "paid": 1})

    assert {one.verdict for one in right.values()} <= {Verdict.KEPT, Verdict.NOT_APPLICABLE}
    assert {id_ for id_, one in one_missing.items() if one.verdict == Verdict.BROKEN} == {"I1", "I3"}
    assert "second is applied, but its probe reads {'count': 1}" in one_missing["I3"].text
    assert {id_ for id_, one in too_much.items() if one.verdict == Verdict.BROKEN} == {"I2", "I3"}
    assert "neither no effect nor exactly one, nor with the effects of second." in too_much["I2"].text


def test_lists_at_one_place_are_joined(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"goods": ["a"]}, {"goods": ["b"]})
    saga = with_before(saga, {"goods": []})

    assert not broken(findings(committed, saga, {"goods": ["b", "a"]}, {"goods": ["b", "a"]}))
    assert broken(findings(committed, saga, {"goods": ["a"]}, {"goods": ["a"]})) == {"I1", "I3"}
    assert broken(findings(committed, saga, {"goods": ["a", "a"]}, {"goods": ["a", "a"]})) == {"I2", "I3"}


def test_effects_that_two_sets_explain_are_judged_together(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"count": 1}, {"count": 1})
    committed.statuses = {"first": "absent", "second": "absent"}

    found = findings(committed, saga, {"count": 1}, {"count": 1})

    assert "first, second: their probes read {'count': 1}, which their states do not make together." in found["I3"].text


def test_effects_that_cannot_be_added_up_are_unproven_with_the_reason(committed: Any, saga_of: Any) -> None:
    saga = twins(saga_of, {"count": 1, "paid": 1}, {"count": 2})
    saga = with_before(saga, {"count": 7, "paid": 0}, {"count": 0})

    found = findings(committed, saga, {"count": 2, "paid": 1}, {"count": 2, "paid": 1})

    assert {id_ for id_, one in found.items() if one.verdict == Verdict.UNPROVEN} == {"I2", "I3"}
    assert "The effect of first cannot be seen: the probe of second reads the same field `count`" in found["I2"].text


def test_what_was_read_before_the_saga_counts_more_than_what_is_declared(committed: Any, saga_of: Any) -> None:
    saga = with_before(twins(saga_of, {"count": 1}, {"count": 2}), {"count": 7}, {"count": 0})
    committed.before = {"first": {"count": 10}, "second": {"count": 10}}

    assert broken(findings(committed, saga, {"count": 6}, {"count": 6})) == set()
    assert broken(findings(committed, saga, {"count": 7}, {"count": 7})) == {"I2", "I3"}


def with_before(saga: Saga, *before: dict[str, Any]) -> Saga:
    """Let the probes read something else before their effects; one for all, or one for each step."""
    steps = []
    for step, reads in zip(saga.steps, before * (len(saga.steps) if len(before) == 1 else 1), strict=True):
        assert step.probe is not None
        changed = step.probe.model_copy(update={"reads": step.probe.reads.model_copy(update={"before": reads})})
        steps.append(step.model_copy(update={"probe": changed}))
    return saga.model_copy(update={"steps": tuple(steps)})


def broken(found: dict[str, Finding]) -> set[str]:
    return {id_ for id_, one in found.items() if one.verdict == Verdict.BROKEN}


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


@pytest.mark.parametrize(("theirs", "together"), [("spring", {"first", "second"}), ("autumn", set())])
def test_probes_by_statement_share_a_place_when_they_ask_by_the_same_values(
    saga_of: Any, theirs: str, together: set[str]
) -> None:
    saga = twins(saga_of, {"count": 1}, {"count": 1})
    steps = [one.model_copy(update={"probe": one.probe.model_copy(update={"request": None})}) for one in saga.steps if one.probe]
    places = {"first": "SELECT … spring", "second": f"SELECT … {theirs}"}
    found = {name: Asked(None, [{"count": 2}], place=place) for name, place in places.items()}

    assert set(shared_probes(saga.model_copy(update={"steps": tuple(steps)}), found)) == together
