"""What a level asks for and what a waiver hides: one obligation at one step until the end of a day, and nothing else."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.saga import Saga, Waiver
from saga_contracts.declare.verdict import Verdict, worst
from saga_contracts.derive import adoption
from saga_contracts.derive.adoption import Evidence, Played, Waivers
from saga_contracts.derive.slices import StepSlice, step_slice

Make = Callable[..., dict[str, Any]]
MakeSlice = Callable[..., StepSlice]
TODAY = date(2026, 3, 1)
ALL = frozenset({Evidence.REPLY, Evidence.STATUS, Evidence.EFFECT})


def waiver(obligation: str, expires: date = TODAY, step: str = "a") -> Waiver:
    return Waiver(obligation=obligation, step=step, reason="legacy", person="ann", expires=expires.isoformat())


def test_a_waiver_hides_its_obligation_at_its_step_until_the_end_of_its_day() -> None:
    waivers = Waivers([waiver("O8"), waiver("O9", step="b")], "a", TODAY)

    assert waivers.hides("O8")
    assert not waivers.hides("O9")
    assert not Waivers([waiver("O8")], "a", TODAY + timedelta(days=1)).hides("O8")
    assert "expired on 2026-03-01" in Waivers([waiver("O8")], "a", TODAY + timedelta(days=1)).words("O8")


@pytest.mark.parametrize(
    ("level", "asked", "not_asked"),
    [
        (1, {"O1", "O3", "O4", "O8", "O13", "O31"}, {"O2", "O6", "O12", "O14", "O15", "O5"}),
        (2, {"O1", "O2", "O6", "O12", "O14", "O15"}, {"O5", "O10", "O16"}),
        (3, {"O1", "O2", "O6", "O12", "O14", "O15"}, {"O5", "O10", "O16"}),
        (4, {"O1", "O5", "O10", "O16", "O34"}, set()),
    ],
)
def test_a_level_asks_for_what_its_evidence_can_show(vas: Saga, level: int, asked: set[str], not_asked: set[str]) -> None:
    slice_ = step_slice(vas, "reserve_money").model_copy(update={"level": level})

    assert asked <= set(adoption.asked(slice_))
    assert not_asked.isdisjoint(adoption.asked(slice_))
    assert not_asked <= set(adoption.not_looked_at(slice_))


def test_what_a_level_asks_for_and_nothing_can_show_is_unproven_never_absent(make_step: Make, make_slice: MakeSlice) -> None:
    one = make_step("a")
    del one["status"]
    del one["given"]["refusing"]
    slice_ = make_slice(one)
    without_status = [Played("F", ("O1", "O3", "O14", "O15", "O6"), seen=frozenset({Evidence.REPLY, Evidence.EFFECT}))]

    judged = adoption.judge(slice_, without_status, TODAY).obligations

    assert judged["O14"] == Verdict.UNPROVEN  # no status call
    assert (judged["O2"], judged["O32"]) == (Verdict.UNPROVEN, Verdict.UNPROVEN)  # a declared refusal that nothing brings about


def test_a_deviation_hides_what_stands_behind_it_only_as_far_as_nothing_else_shows_it(vas: Saga) -> None:
    slice_ = step_slice(vas, "reserve_money")
    stopped = Played("F C F", ("O6", "O11"), broken=("O6",), seen=ALL, unseen=("O11",))

    assert adoption.judge(slice_, [stopped], TODAY).obligations["O11"] == Verdict.UNPROVEN
    judged = adoption.judge(slice_, [stopped, Played("C F", ("O11",), seen=ALL)], TODAY)
    assert judged.obligations["O11"] == Verdict.KEPT


def test_a_step_without_a_key_gives_up_the_obligations_about_keys(make_step: Make, make_slice: MakeSlice) -> None:
    slice_ = make_slice(make_step("a", key="none"))

    judged = adoption.judge(slice_, [Played("F", ("O1", "O3"), seen=ALL)], TODAY)

    assert judged.obligations["O3"] == Verdict.BROKEN
    assert "`key: none`" in judged.why["O3"]
    hidden = slice_.model_copy(update={"waivers": (waiver("O3"),)})
    assert adoption.judge(hidden, [], TODAY).obligations["O3"] == Verdict.WAIVED


OBLIGATIONS = sorted(adoption.SHOWN_BY)


@st.composite
def played(draw: st.DrawFn) -> Played:
    checks = tuple(draw(st.lists(st.sampled_from(OBLIGATIONS), min_size=1, max_size=6, unique=True)))
    return Played(
        name=draw(st.text("FRCDX ", min_size=1, max_size=6)),
        checks=checks,
        broken=tuple(draw(st.lists(st.sampled_from(OBLIGATIONS), max_size=2, unique=True))),
        seen=frozenset(draw(st.sets(st.sampled_from(list(Evidence))))),
        unseen=tuple(draw(st.lists(st.sampled_from(checks), max_size=2, unique=True))),
        trouble=draw(st.sampled_from(["", "", "no precondition"])),
    )


@given(st.data())
@settings(max_examples=times(150), deadline=None)
def test_the_whole_is_good_only_if_a_slow_reading_of_the_rules_says_so(vas: Saga, data: Any) -> None:
    """The rules once more, literally: every demand shown by a history that saw it, every deviation waived today."""
    waivers = tuple(
        waiver(one, TODAY + timedelta(days=data.draw(st.integers(-1, 1))))
        for one in data.draw(st.sets(st.sampled_from(OBLIGATIONS), max_size=4))
    )
    waivers = tuple(one.model_copy(update={"step": "reserve_money"}) for one in waivers)
    level = data.draw(st.integers(1, 4))
    slice_ = step_slice(vas, "reserve_money").model_copy(update={"level": level, "waivers": waivers})
    histories = data.draw(st.lists(played(), max_size=6))
    looked_at = {1: {"reply"}, 2: {"reply", "status"}, 3: {"reply", "status", "effect"}}.get(
        level, {"reply", "status", "effect", "failure"}
    )

    def hidden(obligation: str) -> bool:
        return any(one.obligation == obligation and one.expires >= TODAY.isoformat() for one in waivers)

    def shown(obligation: str, kind: str) -> bool:
        return any(
            obligation in one.checks and obligation not in one.unseen and not one.trouble and kind in {k.value for k in one.seen}
            for one in histories
        )

    good = not any(one.trouble for one in histories)
    for obligation, kinds in adoption.SHOWN_BY.items():
        if obligation == "O18":  # the step has no callback
            continue
        deviates = any(obligation in one.broken for one in histories)
        needed = {kind.value for kind in kinds} & looked_at
        if deviates:
            good = good and hidden(obligation)
        elif needed:
            good = good and all(shown(obligation, kind) for kind in needed)
    if any("O18" in one.broken for one in histories):
        good = good and hidden("O18")

    verdict = adoption.judge(slice_, histories, TODAY).verdict
    assert (verdict in (Verdict.KEPT, Verdict.WAIVED)) == good
    assert worst([verdict]) == verdict
