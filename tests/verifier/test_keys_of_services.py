"""Services that take keys of their own form, in their own places: each is kept as it is, by its contracts and by its deck."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import small_sagas
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import cases
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.right import Right, Sight
from saga_verifier.verdicts import PactOutcome
from stand_ins import verified

pytestmark = pytest.mark.slow
UUID_FORM = r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class Strict(Right):
    """A service that answers 400 to a key of another form than its own."""

    def __init__(self, slice_: StepSlice, form: str) -> None:
        super().__init__(slice_)
        self._form = form

    def forward(self, row: Row, sight: Sight) -> Reply:
        return super().forward(row, sight) if re.fullmatch(self._form, row.identity) else Reply(status=400)

    def compensate(self, row: Row) -> Reply:
        return super().compensate(row) if re.fullmatch(self._form, row.identity) else Reply(status=400)

    def status(self, row: Row) -> Reply:
        return super().status(row) if re.fullmatch(self._form, row.identity) else Reply(status=400)


def found(saga: Saga, folder: Path, form: str = ".*") -> PactOutcome:
    """Verify strict services by the pacts that the client library made; the one with the first step is given back."""
    recording = Recording(folder / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(folder / "pacts")
    assert outcome.is_complete, outcome
    [file] = outcome.files
    rules = [Strict(step_slice(saga, step.step), form) for step in saga.steps]
    return verified(rules, saga.steps[0].participant, json.loads(file.read_text(encoding="utf-8")))


def not_kept(result: PactOutcome) -> dict[str, Any]:
    found = {one.key: (one.mismatches, one.text) for one in result.interactions if one.verdict != Verdict.KEPT}
    histories = [one for deck in result.decks for one in deck.histories if one.verdict != Verdict.KEPT]
    return found | {one.name: one.text for one in histories}


@pytest.mark.parametrize(
    ("key_form", "taken"),
    [
        ("uuid", UUID_FORM),
        ("{saga_id}-{step}", "[a-z0-9-]{20,255}"),
        ('"{saga_id}-{step}"', '"[a-z0-9-]{20,253}"'),  # a structured field, as the IETF's Idempotency-Key header is
        ("{saga_id}", "[a-z0-9-]{16,255}"),
        ("KEY_{saga_id}/{step}", "KEY_[a-z0-9-]+/pay-in"),
    ],
)
def test_a_service_that_takes_keys_of_one_form_is_kept(tmp_path: Path, key_form: str, taken: str) -> None:
    paying = small_sagas.step("pay-in", key_form=key_form)
    result = found(small_sagas.saga(paying, saga="saleOf_goods"), tmp_path, taken)

    assert not_kept(result) == {}
    assert (result.verdict, result.troubles) == (Verdict.KEPT, ())


def test_the_same_service_is_red_where_the_file_does_not_say_the_form(tmp_path: Path) -> None:
    result = found(small_sagas.saga(small_sagas.step("pay-in")), tmp_path, "[a-z0-9-]{20,255}")

    assert result.verdict == Verdict.BROKEN


def test_a_service_with_another_place_for_each_call_is_kept(tmp_path: Path) -> None:
    paying = small_sagas.step(key={"forward": "body", "compensate": "path", "status": "header"})
    paying["forward"]["request"] |= {"headers": {}, "body": {**paying["forward"]["request"]["body"], "id": "{key}"}}
    paying["compensate"]["request"] = {"method": "DELETE", "path": "/pay/{key}"}

    assert not_kept(found(small_sagas.saga(paying), tmp_path)) == {}


def test_a_service_that_is_told_saga_and_branch_apart_is_kept_without_any_correlation(tmp_path: Path) -> None:
    paying = small_sagas.step(key="pair")
    for role in ("forward", "compensate", "status"):
        paying[role]["request"] |= {"headers": {}, "query": {"gid": "{saga_id}", "branch_id": "{step}", "op": role}}

    assert not_kept(found(small_sagas.saga(paying, correlation="none"), tmp_path)) == {}


@pytest.mark.parametrize("key_form", [None, "uuid"])
def test_a_confirmation_under_the_key_of_the_try_is_kept(tmp_path: Path, key_form: str | None) -> None:
    trying = small_sagas.step("try-it", participant="holds", key_form=key_form)
    confirming = small_sagas.step("confirm", participant="holds", after=["try-it"], probe=False, key="path", level=2)
    for role, call in (("forward", "confirm"), ("compensate", "reopen"), ("status", "state")):
        confirming[role]["request"] |= {"path": f"/holds/{{keys.try-it}}/{call}", "headers": {}}
    tried = {"state": "tried", "params": {"key": "{keys.try-it}"}}
    confirming["given"] = {"enough": [tried], "refusing": [{"state": "timed out", "params": {"key": "{keys.try-it}"}}]}

    result = found(small_sagas.saga(trying, confirming), tmp_path)

    assert not_kept(result) == {}
    assert [deck.verdict for deck in result.decks] == [Verdict.KEPT, Verdict.KEPT]


def test_a_step_that_sets_a_value_and_needs_no_key_is_kept(tmp_path: Path) -> None:
    setting = small_sagas.step(key="unneeded", key_reason="PUT sets the whole record")
    for role in ("forward", "compensate", "status"):
        setting[role]["request"] |= {"headers": {}, "path": f"/records/{{payload.order_id}}/{role}"}
    setting["forward"]["request"]["method"] = "PUT"
    del setting["forward"]["replies"]["misused"]

    assert not_kept(found(small_sagas.saga(setting, correlation="none"), tmp_path)) == {}
