"""A step that is run for each element of a list: a right participant is kept, one that mixes the elements up is caught."""

import copy
from typing import Any

import pytest

import small_sagas
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.read import lint_elements
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.right import Right, Sight
from stand_ins import all_right, played

ITEMS = [{"sku": "a-1", "amount": 2}, {"sku": "b-2", "amount": 3}]


def basket(**changes: Any) -> Saga:
    """Give a saga whose step `pick` is run for each item; its preconditions and its probe are those of an item."""
    item = {"sku": "{item.sku}"}
    pick = copy.deepcopy(small_sagas.step("pick", for_each="{payload.items}"))
    pick["given"] = {name: [{**one, "params": item} for one in states] for name, states in pick["given"].items()}
    pick["forward"]["request"]["body"] = {**item, "amount": "{item.amount}"}
    pick["probe"] = {
        "request": {"method": "GET", "path": "/picked/{item.sku}"},
        "reads": {"before": {"held": 0}, "applied": {"held": "{item.amount}"}},
    }
    payload = {
        "schema": {"type": "object"},
        "example": {"order_id": "order-1", "amount": 5, "items": ITEMS},
        "fresh": ["order_id", "items.0.sku", "items.1.sku"],
    }
    return small_sagas.saga(pick | changes, payload=payload)


class UndoesAll(Right):
    """Takes the effects of all keys away when one is compensated."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.rows: list[Row] = []

    def forward(self, row: Row, sight: Sight) -> Reply:
        self.rows.append(row)
        return super().forward(row, sight)

    def undo(self, row: Row) -> None:
        for one in (row, *self.rows):
            super().undo(one)


def test_two_elements_are_played_beside_each_other_and_a_right_participant_is_kept() -> None:
    saga = basket()
    slice_ = step_slice(saga, "pick")
    result = played(all_right(saga, "pick_service"), slice_)
    assert result.verdict == Verdict.KEPT
    [history] = [one for one in result.histories if one.name == "F N U"]
    assert "O24" in history.checks
    assert [call["letter"] for call in history.calls if call["letter"] in "FNU"] == ["F", "N", "U"]
    keys = [dict(call["request"]["headers"])["Idempotency-Key"] for call in history.calls if call["letter"] in "FNU"]
    assert keys[0].endswith(":pick:0")
    assert keys[1] == keys[2] == keys[0].removesuffix("0") + "1"


def test_a_participant_that_undoes_more_than_the_element_is_caught() -> None:
    slice_ = step_slice(basket(), "pick")
    result = played([UndoesAll(slice_)], slice_)
    broken = {history.name: [one.obligation for one in history.broken] for history in result.histories if history.broken}
    assert broken["F N U"] == ["O24"]
    assert {name.rpartition(" (")[2] for name in broken} == {"F N U", "two sagas)"}
    assert {one for found in broken.values() for one in found} == {"O24"}


@pytest.mark.parametrize(
    "changes",
    [
        {"given": {"enough": [{"state": "there is enough"}], "refusing": [{"state": "there is nothing"}]}},
        {"probe": {"request": {"method": "GET", "path": "/sum"}, "reads": {"before": {"n": 0}, "applied": {"n": 1}}}},
    ],
    ids=["precondition", "probe"],
)
def test_what_two_elements_share_keeps_them_from_being_played_and_a_note_says_so(changes: dict[str, Any]) -> None:
    saga = basket(**changes)
    words = [one.word for one in decks.derive(step_slice(saga, "pick")).histories]
    assert "F N U" not in words
    [note] = lint_elements.notes(saga)
    assert "not that undoing one spares another (O24)" in note
    assert list(lint_elements.notes(basket())) == []
