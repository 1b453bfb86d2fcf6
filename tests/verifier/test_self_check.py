"""`sagapact verify --self-check`: what a saga file would catch is what a whole deck catches, and the rest has its mend."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from command_line import ROOT, Sagapact
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.deviations import CATALOGUE, possible_at
from saga_contracts.stand_in.right import Right
from saga_verifier.self_check import telling
from saga_verifier.self_check.playing import check
from saga_verifier.self_check.stubbed import accusations
from saga_verifier.self_check.table import Fate, Row, SelfCheck, StepTable
from small_sagas import saga, saga_text, step, waiver
from stand_ins import TODAY, played

SAGAS = Path(__file__).parents[2] / "contracts" / "sagas"
BY_EFFECT_ONLY = {
    *("applies-twice", "applies-again", "applies-misused", "applies-refused", "skips-undoing", "undoes-half", "undoes-twice"),
    "undoes-null",
}
"""What nobody sees who does not look at the effect: written by hand, from what each of them does."""
SLOW = {"late", "dribbles"}
NOTHING = {"state": "there is nothing", "params": {"order": "{payload.order_id}"}}


def fates(found: SelfCheck, of: str, fate: Fate) -> set[str]:
    [table] = [one for one in found.steps if one.step == of]
    return {row.kind for row in table.rows if row.fate == fate}


def row(found: SelfCheck, kind: str) -> Row:
    [only] = [one for one in found.steps[0].rows if one.kind == kind]
    return only


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vas_purchase", "shop_order"])
def test_a_reference_saga_with_probes_and_status_calls_catches_everything(name: str) -> None:
    found = check(load_saga(SAGAS / name / "saga.yaml"), 1, TODAY)
    assert {one.step: lost for one in found.steps if (lost := fates(found, one.step, Fate.NOT_CAUGHT))} == {}
    assert [one.wrong for one in found.steps] == [()] * len(found.steps)
    assert found.exit_status == 0


@pytest.mark.slow
def test_an_effect_that_the_provider_file_reads_is_looked_at_as_well() -> None:
    unseen = load_saga(ROOT / "provider_verifier" / "examples" / "stock_in_node" / "saga.yaml")
    assert unseen.steps[0].probe is not None
    assert unseen.steps[0].probe.request is None
    found = check(unseen, 1, TODAY)
    assert fates(found, "take_stock", Fate.NOT_CAUGHT) == set()
    assert row(found, "skips-undoing").by == ("O6",)


@pytest.mark.slow
def test_a_reference_saga_without_probes_misses_what_only_a_probe_shows() -> None:
    whole = load_saga(SAGAS / "user_registration" / "saga.yaml")
    older = {step.step: {"probe": None} for step in whole.steps}
    older["grant_bonus"]["status"] = older["welcome"]["status"] = None
    saga_ = whole.model_copy(
        update={"level": 2, "steps": tuple(step.model_copy(update=older[step.step]) for step in whole.steps)}
    )
    found = check(saga_, 1, TODAY)
    for one in found.steps:
        possible = {deviation.kind for deviation in possible_at(step_slice(saga_, one.step))}
        by_status = {"undoes-others"} if saga_.step(one.step).status is None else set()
        assert fates(found, one.step, Fate.NOT_CAUGHT) == (BY_EFFECT_ONLY | by_status) & possible
        mends = {row_.mend for row_ in one.rows if row_.mend and row_.kind not in by_status}
        assert mends == {f"Declare `probe` at {one.step}, and `level: 3` for the saga."}
    assert found.exit_status == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "probe", "level"), [(True, True, 3), (True, False, 3), (False, True, 3), (False, False, 3), (True, True, 1)]
)
def test_what_is_caught_is_what_the_whole_deck_catches(*, status: bool, probe: bool, level: int) -> None:
    one = saga(step(status=status, probe=probe), level=level)
    slice_, found = step_slice(one, "pay"), check(one, 1, TODAY)
    possible = [deviation for deviation in possible_at(slice_) if deviation.kind not in SLOW]
    naive = {deviation.kind for deviation in possible if played([deviation.rules(slice_)], slice_).verdict == Verdict.BROKEN}
    assert {one.kind for one in found.steps[0].rows if one.history} - SLOW == naive
    by_contract = {one.kind for one in found.steps[0].rows if one.contract}  # it asks the status call at each level
    assert fates(found, "pay", Fate.CAUGHT) == naive | by_contract | SLOW
    assert by_contract - naive == ({"status-lies", "status-fails"} if level == 1 else set())
    assert fates(found, "pay", Fate.NOT_APPLICABLE) == {one.kind for one in CATALOGUE} - {one.kind for one in possible} - SLOW


def test_the_shortest_reply_there_is_still_comes_too_late_byte_by_byte() -> None:
    plain = {"request": {"method": "PUT", "path": "/colour/{payload.order_id}"}, "replies": {"done": {"status": 204}}}
    undo = {"request": {"method": "DELETE", "path": "/colour/{payload.order_id}"}, "replies": {"done": {"status": 204}}}
    by_nature = {"key": "unneeded", "key_reason": "a PUT sets", "suspended_forward": "accepted"}
    paint = step("paint", status=False, probe=False, forward=plain, compensate=undo, given={}, **by_nature)
    found = check(saga(paint, correlation="none", level=1), 1, TODAY)
    assert fates(found, "paint", Fate.CAUGHT) >= SLOW


def test_a_probe_that_only_the_provider_file_can_read_counts_as_read() -> None:
    one = step()
    del one["probe"]["request"]
    found = check(saga(one), 1, TODAY)
    assert fates(found, "pay", Fate.NOT_CAUGHT) == set()
    assert found.notes == ("The effect of pay is read here as a provider file could.",)


@pytest.mark.parametrize(
    ("fields", "level", "kind", "mend"),
    [
        ({"probe": False}, 3, "skips-undoing", "Declare `probe` at pay."),
        ({"probe": False}, 2, "skips-undoing", "Declare `probe` at pay, and `level: 3` for the saga."),
        ({}, 2, "skips-undoing", "Set `level: 3` for the saga."),
        ({"given": {"enough": [{"state": "there is enough"}]}}, 3, "applies-refused", "Declare `given.refusing` at pay: "),
        (
            {"given": {"enough": [{"state": "there is enough"}]}},
            3,
            "refuses-undoing-refused",
            "Declare `given.refusing` at pay: ",
        ),
        ({"given": {"refusing": [NOTHING]}}, 3, "applies-refused-later", "Declare `given.enough` at pay: "),
        ({"compensate": "none"}, 3, "skips-undoing", "Declare `compensate` at pay, or waive it"),
        ({"key": "none"}, 3, "applies-again", "Declare `key` at pay, or waive it"),
    ],
)
def test_what_gets_through_is_told_with_what_to_declare(fields: dict[str, object], level: int, kind: str, mend: str) -> None:
    found = check(saga(step(**fields), level=level), 1, TODAY)  # type: ignore[arg-type]
    missed = row(found, kind)
    assert missed.fate == Fate.NOT_CAUGHT
    assert missed.mend.startswith(mend)
    assert any(mend in line for line in telling.lines(found))


def test_what_a_waiver_hides_is_waived_until_its_day() -> None:
    waived = saga(step(), waivers=[waiver("O8", expires="2026-01-01")])
    assert fates(check(waived, 1, TODAY), "pay", Fate.WAIVED) >= {"fails-on-null", "undoes-null"}
    assert fates(check(waived, 1, TODAY.replace(day=2)), "pay", Fate.WAIVED) == set()


def test_what_a_participant_is_accused_of_is_told_history_by_history() -> None:
    [forgetful] = [one for one in CATALOGUE if one.kind == "applies-again"]
    slice_ = step_slice(saga(step()), "pay")
    assert list(accusations(Right(slice_), (), 1, TODAY)) == []
    assert "O3" in next(accusations(forgetful.rules(slice_), (), 1, TODAY))
    assert list(accusations(forgetful.rules(slice_), ("O3",), 1, TODAY)) == []


def test_a_right_participant_that_is_accused_is_said_loudly_and_proves_nothing() -> None:
    found = SelfCheck("sale", 3, 1, (StepTable("pay", "bank", ("F F: O3: the effect was made twice",), ()),))
    assert found.exit_status == 4
    text = "\n".join(telling.lines(found))
    assert "pay at bank: A RIGHT PARTICIPANT IS ACCUSED" in text
    assert "F F: O3: the effect was made twice" in text


@pytest.mark.parametrize(
    ("fates_", "wrong", "status"),
    [
        ([Fate.CAUGHT, Fate.WAIVED, Fate.NOT_APPLICABLE], (), 0),
        ([Fate.CAUGHT, Fate.NOT_CAUGHT], (), 3),
        ([Fate.CAUGHT, Fate.NOT_CAUGHT, Fate.UNKNOWN], (), 4),
        ([], ("F: O3: twice",), 4),
        ([Fate.NOT_APPLICABLE], (), 4),
        ([], (), 4),
    ],
)
def test_the_exit_status_is_that_of_the_worst(fates_: list[Fate], wrong: tuple[str, ...], status: int) -> None:
    rows = tuple(Row("kind", "does", "O1", fate) for fate in fates_)
    found = SelfCheck("sale", 3, 1, (StepTable("pay", "bank", wrong, rows),))
    assert found.exit_status == status
    assert telling.as_json(found)["exit_status"] == status


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "saga.json"
    path.write_text(saga_text(step(probe=False)), encoding="utf-8")
    return path


def test_the_command_tells_the_table_as_text_as_json_as_a_page_and_as_a_picture(sagapact: Sagapact, file: Path) -> None:
    told = sagapact("verify", "--self-check", file, "--svg", "table.svg")
    assert told.status == 3, told.text
    assert "pay at pay_service: " in told.out
    assert "NOT CAUGHT: answers the compensation, and undoes nothing" in told.out
    picture = ET.fromstring((sagapact.folder / "table.svg").read_text(encoding="utf-8"))  # noqa: S314  (made by us)
    assert "not caught" in "".join(picture.itertext())

    page = sagapact("verify", "--self-check", file, "--html", "out/page.html")
    assert (page.status, page.out) == (3, told.out)
    assert "not caught" in (sagapact.folder / "out" / "page.html").read_text(encoding="utf-8")

    as_json = sagapact("verify", "--self-check", file, "--json")
    table = json.loads(as_json.out)
    assert as_json.status == 3
    assert table["counts"]["not caught"] == len(BY_EFFECT_ONLY)
    assert {one["kind"] for one in table["steps"][0]["deviations"]} == {one.kind for one in CATALOGUE}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), "Name the provider file, or a saga file with --self-check"),
        (("verify", "provider.yaml", "--self-check", "saga.json"), "leave out the provider file"),
        (("verify", "--self-check", "saga.json", "--pact", "pacts"), "leave out the provider file and --pact"),
        (("verify", "--self-check", "none.json"), "none.json"),
        (("verify", "--self-check", "saga.json", "--junit", "a.xml"), "--junit is about a provider's results"),
    ],
)
def test_wrong_usage_is_told(sagapact: Sagapact, file: Path, words: tuple[str, ...], said: str) -> None:
    done = sagapact(*words)
    assert done.status == 2, done.text
    assert said in done.err


def test_rows_of_the_table_are_those_of_the_catalogue_in_its_order() -> None:
    found = check(saga(step(probe=False, status=False)), 1, TODAY)
    assert [one.kind for one in found.steps[0].rows] == [one.kind for one in CATALOGUE]
    assert replace(found, steps=()).exit_status == 4


@pytest.mark.slow
def test_a_step_that_only_reads_has_nothing_to_break_but_its_replies() -> None:
    looking = {
        "step": "look",
        "participant": "catalog",
        "class": "read_only",
        "given": {"enough": [{"state": "listed", "params": {"order": "{payload.order_id}"}}], "refusing": [NOTHING]},
        "forward": {
            "request": {"method": "GET", "path": "/items/{payload.order_id}"},
            "replies": {"done": {"status": 200, "body": {"price": {"$like": 5}}}, "refused": {"status": 404}},
            "outputs": {"price": "/price"},
        },
    }
    found = check(saga(looking), 1, TODAY)

    assert fates(found, "look", Fate.CAUGHT) == {"drops-correlation", "drops-step-header", "undeclared-success", *SLOW}
    assert fates(found, "look", Fate.NOT_CAUGHT) == set()
    assert "has no effect" in row(found, "applies-twice").why
