"""Steps as existing services have them: one that only reads, one that cannot be undone yet, each with a level of its own."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga, Waiver
from saga_contracts.declare.steps import OPTIONAL_CASES
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import adoption, cases, client_cases, coverage, decks, pairs
from saga_contracts.derive.adoption import Evidence, Played
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.read import lint_demands
from saga_contracts.show.draw import saga_svg

Make = Callable[..., Any]
TODAY = date(2026, 3, 1)
UNDOING = {"O6", "O7", "O8", "O9", "O11", "O12", "O13"}


def reading(name: str = "look_up", **fields: Any) -> dict[str, Any]:
    """Give a step that only reads a price, and answers 404 for what it does not know."""
    whole: dict[str, Any] = {
        "step": name,
        "participant": "catalog",
        "class": "read_only",
        "given": {
            "enough": [{"state": "the item is listed", "params": {"item": "{payload.order_id}"}}],
            "refusing": [{"state": "the item is not listed", "params": {"item": "{payload.order_id}"}}],
        },
        "forward": {
            "request": {"method": "GET", "path": "/items/{payload.order_id}"},
            "replies": {"done": {"status": 200, "body": {"price": {"$like": 5}}}, "refused": {"status": 404}},
            "outputs": {"price": "/price"},
        },
    }
    return whole | fields


@pytest.fixture
def priced(make_saga: Make, make_step: Make) -> Saga:
    """A saga whose first step reads what the second one uses."""
    buying = make_step("buy", after=["look_up"])
    buying["forward"]["request"]["body"]["price"] = "{outputs.look_up.price}"
    saga: Saga = make_saga(reading(), buying)
    return saga


def test_what_only_reads_is_called_refused_and_called_again_and_never_undone(priced: Saga) -> None:
    deck = decks.derive(step_slice(priced, "look_up"))

    assert [history.name for history in deck.histories] == ["F", "R", "F F", "R F", "F F F"]
    assert {one for history in deck.histories for one in history.obligations} == {"O1", "O21", "O31"}


def test_what_only_reads_has_two_contract_cases(priced: Saga) -> None:
    names = [case.name for case in cases.derive_step(priced, priced.step("look_up"))]

    assert names == ["sale/look_up/forward/done", "sale/look_up/forward/refused"]


def test_nothing_is_asked_of_what_only_reads_but_its_replies(priced: Saga) -> None:
    slice_ = step_slice(priced, "look_up")

    assert set(adoption.asked(slice_)) == {"O1", "O21", "O31"}
    assert "needs no key" in str(adoption.applies(slice_, "O3"))
    assert adoption.declared_broken(slice_) == {}
    played = [Played("F", ("O1", "O21", "O31"), seen=frozenset({Evidence.REPLY}))]
    assert adoption.judge(slice_, played, TODAY).verdict == Verdict.KEPT


def test_a_table_of_coverage_leaves_out_what_a_reading_step_cannot_hold(priced: Saga) -> None:
    found = coverage.cover(priced, [], TODAY)

    assert found.cell("look_up", "O3").state == coverage.State.NOT_APPLICABLE
    assert found.cell("look_up", "O1").state == coverage.State.MISSING


def test_a_step_before_the_reading_one_is_undone_when_it_finds_nothing(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(make_step("hold"), reading(after=["hold"]))

    assert step_slice(saga, "hold").facts.undone_after_done


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"compensate": {"request": {"method": "POST", "path": "/x"}, "replies": {"done": {"status": 200}}}}, "never undone"),
        ({"compensate": "none"}, "never undone"),
        ({"probe": {"request": {"method": "GET", "path": "/x"}, "reads": {"before": {"a": 1}, "applied": {"a": 2}}}}, "`probe`"),
        (
            {
                "status": {
                    "request": {"method": "GET", "path": "/x"},
                    "replies": {"applied": {"status": 200}, "absent": {"status": 404}},
                }
            },
            "`status`",
        ),
    ],
)
def test_what_only_reads_has_nothing_that_could_be_asked_or_undone(make_saga: Make, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SagapactError, match=words):
        make_saga(reading(**fields))


def test_what_only_reads_may_stand_behind_a_pivot_when_it_does_not_refuse(
    make_saga: Make, make_step: Make, make_pivot: Make, make_retriable: Make
) -> None:
    steps = (make_step("a"), make_pivot("b", after=["a"]))
    late = reading(after=["b"])
    with pytest.raises(SagapactError, match="the saga only goes forward"):
        make_saga(*steps, late)

    del late["forward"]["replies"]["refused"], late["given"]["refusing"]
    saga = make_saga(*steps, late, make_retriable("c", after=["look_up"]))
    assert saga.goes_only_forward("look_up")


def test_a_pivot_waits_for_what_is_read_beside_it(make_saga: Make, make_pivot: Make) -> None:
    with pytest.raises(SagapactError, match="has to wait for `look_up`"):
        make_saga(reading(), make_pivot("b"))


def test_no_pair_deck_is_made_with_a_step_that_only_reads(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(reading(), make_step("a", participant="catalog", after=["look_up"]))

    assert pairs.pairs(saga) == []


@pytest.fixture
def final(make_saga: Make, make_step: Make) -> Saga:
    """A saga whose first step cannot be undone yet."""
    saga: Saga = make_saga(make_step("a", compensate="none"), make_step("b", after=["a"]))
    return saga


def test_what_has_no_compensation_yet_is_never_compensated(final: Saga) -> None:
    slice_ = step_slice(final, "a")

    assert final.step("a").compensate is None
    assert not any("C" in history.word for history in decks.derive(slice_, 2).histories)
    assert not any("compensate" in case.name or "suspended" in case.name for case in cases.derive_step(final, final.step("a")))


def test_what_has_no_compensation_yet_breaks_the_obligations_of_undoing_until_they_are_waived(final: Saga) -> None:
    slice_ = step_slice(final, "a")
    waivers = tuple(
        Waiver(obligation=one, step="a", reason="legacy", person="ann", expires="2026-12-31") for one in sorted(UNDOING)
    )
    waived = slice_.model_copy(update={"waivers": waivers})

    assert set(adoption.declared_broken(slice_)) == UNDOING
    judged, let_go = (adoption.judge(one, [], TODAY) for one in (slice_, waived))
    assert {one for one, verdict in judged.obligations.items() if verdict == Verdict.BROKEN} == UNDOING
    assert {one for one, verdict in let_go.obligations.items() if verdict == Verdict.WAIVED} == UNDOING
    assert "no compensation yet" in judged.why["O6"]


def test_at_level_one_only_what_replies_show_is_broken_as_declared(final: Saga) -> None:
    slice_ = step_slice(final, "a").model_copy(update={"level": 1})

    assert set(adoption.declared_broken(slice_)) == UNDOING - {"O6", "O12"}
    assert {"O6", "O12"} <= set(adoption.not_looked_at(slice_))


def test_a_missing_compensation_is_shown_in_coverage_lint_and_drawing(final: Saga) -> None:
    cell = coverage.cover(final, [], TODAY).cell("a", "O6")

    assert (cell.state, "no compensation yet" in cell.why) == (coverage.State.BROKEN, True)
    assert any("no compensation yet" in note for note in lint_demands.notes(final))
    assert "no compensation yet" in saga_svg(final)


def test_no_compensation_yet_comes_back_from_json_as_it_was(final: Saga) -> None:
    assert final.as_json()["steps"][0]["compensate"] == "none"
    assert Saga.model_validate(final.as_json()) == final


def test_a_step_may_have_a_level_of_its_own(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(make_step("a", level=1), make_step("b", after=["a"]), level=2)
    one, other = (step_slice(saga, name) for name in ("a", "b"))

    assert (one.level, other.level) == (1, 2)
    assert "O14" in adoption.not_looked_at(one)
    assert "O14" in adoption.asked(other)


def test_a_level_of_a_step_and_the_same_level_of_the_saga_are_one(make_saga: Make, make_step: Make) -> None:
    own, all_of_it = make_saga(make_step("a", level=2)), make_saga(make_step("a"), level=2)

    assert step_slice(own, "a").sha == step_slice(all_of_it, "a").sha


@pytest.fixture
def asks_nothing(make_saga: Make, make_step: Make) -> Saga:
    """A saga whose client never asks for a status, and knows nothing of misused keys."""
    reasons = {"status": "the client retries instead", "misused": "a key is never used twice", "compensate/done_again": "one try"}
    saga: Saga = make_saga(make_step("a", not_the_clients=reasons))
    return saga


def test_what_is_not_the_clients_business_is_no_case_of_its_contracts(asks_nothing: Saga) -> None:
    names = [case.name for case in cases.derive(asks_nothing)]
    alone = [case.name for case in client_cases.derive(asks_nothing)]

    assert not any("/status/" in name or "misused" in name or name.endswith("compensate/done_again") for name in (*names, *alone))
    assert "sale/a/forward/done_again" in names
    assert {case.name for case, _ in cases.derive_left_out(asks_nothing, asks_nothing.step("a"))} >= {"sale/a/status/absent"}


def test_the_deck_asks_for_the_status_all_the_same(asks_nothing: Saga, make_saga: Make, make_step: Make) -> None:
    slice_ = step_slice(asks_nothing, "a")

    assert slice_.sha == step_slice(make_saga(make_step("a")), "a").sha
    assert all(play.expects.told for history in decks.derive(slice_).histories for play in history.plays)


def test_coverage_gives_the_reason_for_what_is_not_the_clients_business(asks_nothing: Saga) -> None:
    interactions = [{"key": case.name} for case in cases.derive(asks_nothing)]
    found = coverage.cover(asks_nothing, [{"interactions": interactions}], TODAY)

    assert found.cell("a", "O14").state == coverage.State.NOT_APPLICABLE
    assert "status/absent (the client retries instead)" in found.cell("a", "O14").why
    assert found.cell("a", "O4").why == "Not the client's business: forward/misused (a key is never used twice)."
    assert found.cell("a", "O13").state == coverage.State.COVERED
    assert "Not the client's business: compensate/done_again (one try)." in found.cell("a", "O13").why
    assert found.percent == 100


@pytest.mark.parametrize("name", ["forward", "compensate", "done", "null", "forward/done", "nothing", "callback"])
def test_what_every_client_needs_cannot_be_left_out(make_saga: Make, make_step: Make, name: str) -> None:
    with pytest.raises(SagapactError, match="no case of this step that a client can do without"):
        make_saga(make_step("a", not_the_clients={name: "we are lazy"}))


def test_every_case_of_a_step_is_one_that_clients_need_or_one_that_may_be_left_out(
    vas: Saga, make_saga: Make, make_step: Make
) -> None:
    found = {(case.role.value, case.short_name) for saga in (vas, make_saga(make_step("a"))) for case in cases.derive(saga)}
    needed = {("forward", "done"), ("forward", "in_progress"), ("compensate", "done"), ("compensate", "null")}
    optional = {(role, name) for role, names in OPTIONAL_CASES.items() for name in names}

    assert {one for one in found if one[0] != "callback"} - needed <= optional
    assert optional.isdisjoint(needed)
