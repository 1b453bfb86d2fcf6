"""Which versions are kept, and which results say nothing new."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.gate.keep_selectors import DEFAULT, KeepSelector, read_selectors
from saga_broker.gate.keeping import Facts, Live, Made, OnBranch, Result, SagaOf, Tagged, deciding, kept, meant, repeated

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FACTS = Facts(
    versions={
        number: Made(number, "Web" if number < 6 else "Shop", NOW - timedelta(days=100 - 10 * number)) for number in range(1, 9)
    },
    tags=[
        Tagged(1, "Web", "dev", NOW),
        Tagged(2, "Web", "dev", NOW),
        Tagged(2, "Web", "prod", NOW),
        Tagged(7, "Shop", "dev", NOW),
    ],
    on_branches=[
        OnBranch(3, 1, "main", is_head=True, is_main=True),
        OnBranch(4, 1, "main", is_head=False, is_main=True),
        OnBranch(6, 2, "feat", is_head=True, is_main=False),
    ],
    live=[Live(1, "test", released=False), Live(6, "prod", released=True)],
    newest_pacts=frozenset({4}),
    contents={},
    sagas=[],
    births={},
    providers=frozenset({"Shop"}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pacticipant=Web", {1, 2, 3, 4, 5}),
        ("latest=true", {4, 5, 8}),
        ("latest=true,pacticipant=Shop", {8}),
        ("tag=true", {1, 2, 7}),
        ("tag=dev", {1, 2, 7}),
        ("tag=true,latest=true", {2, 7}),
        ('{"tag": "dev", "latest": true, "pacticipant": "Web"}', {2}),
        ("branch=true", {3, 4, 6}),
        ("branch=true,latest=true", {3, 6}),
        ("branch=main", {3, 4}),
        ("main_branch=true,latest=true", {3}),
        ("environment=test", {1}),
        ("environment=prod", {6}),
        ("deployed=true", {1}),
        ("released=true", {6}),
        ("deployed=true,environment=prod", set()),
        ("max_age=40", {6, 7, 8}),
        ("max_age=40,tag=dev", {7}),
    ],
)
def test_a_selector_means_versions_for_which_all_of_it_is_true(text: str, expected: set[int]) -> None:
    selectors, faults = read_selectors([text])
    assert faults == []
    assert meant(FACTS, selectors[0], NOW) == expected


def test_the_default_can_be_given_by_hand() -> None:
    assert read_selectors([str(one) for one in DEFAULT]) == (DEFAULT, [])


def test_what_is_live_is_kept_without_any_selector() -> None:
    assert kept(FACTS, (), lambda _ids: [], NOW) == {1: "deployed or released now", 6: "deployed or released now"}


def test_both_versions_of_a_saga_version_stay_when_one_of_them_is_kept() -> None:
    facts = replace(FACTS, sagas=[SagaOf(2, 1, newest=False), SagaOf(3, 7, newest=False), SagaOf(4, 8, newest=True)])
    assert set(kept(facts, (), lambda _ids: [], NOW)) == {1, 2, 4, 6, 8}


def test_a_version_that_decides_keeps_what_decides_about_its_own_pacts() -> None:
    facts = replace(FACTS, contents={1: [11], 7: [17]})
    results = {11: [result(1, 11, 7)], 17: [result(2, 17, 8)]}
    found = kept(facts, (), lambda ids: [one for content in ids for one in results[content]], NOW)
    assert set(found) == {1, 6, 7, 8}


def test_the_first_version_with_a_tag_stays_while_a_provider_has_the_tag() -> None:
    tags = [Tagged(7, "Shop", "dev", NOW - timedelta(days=3)), Tagged(8, "Shop", "dev", NOW), Tagged(2, "Web", "x", NOW)]
    found = kept(replace(FACTS, tags=tags), (KeepSelector(latest=True, tag=True),), lambda _ids: [], NOW)
    assert set(found) == {1, 2, 6, 7, 8}


def result(number: int, content: int, version: int, *, success: bool = True, day: int = 0, **more: object) -> Result:
    made = Result(number, content, 1, version, success, wip=False, at=NOW + timedelta(days=day))
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_last_success_of_each_branch_decides_and_the_last_before_another_branch_came_to_be() -> None:
    results = [result(number, 1, number, day=number) for number in range(1, 7)] + [result(9, 1, 9, success=False, day=9)]
    groups = {number: ["main" if number < 5 else "feat"] for number in range(1, 7)}
    assert deciding(results, groups, {}) == {4, 6, 9}
    assert deciding(results, groups, {1: [NOW + timedelta(days=2, hours=1)]}) == {2, 4, 6, 9}


def test_the_last_success_of_all_decides_and_the_last_of_versions_that_had_a_tag_then() -> None:
    results = [result(1, 1, 1, tags=("dev",)), result(2, 1, 2, wip=True), result(3, 1, 3), result(4, 1, 4, success=False)]
    assert deciding(results, {}, {}) == {1, 2, 3, 4}
    assert deciding([replace(one, tags=(), wip=False) for one in results], {}, {}) == {3, 4}


def test_of_repeated_results_the_last_stays_and_what_it_does_not_say() -> None:
    same = [result(number, 1, 1, day=number) for number in (1, 2, 3)]
    assert repeated(same, {}) == {1, 2}
    assert repeated(same, {1: [NOW + timedelta(days=1, hours=1)]}) == {2}
    assert repeated([replace(same[0], tags=("dev",)), *same[1:]], {}) == {2}
    assert repeated([same[0], replace(same[1], success=False), same[2]], {}) == {1}
    assert repeated([same[0], replace(same[1], version_id=2), replace(same[2], wip=True)], {}) == set()


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["main", "feat"]), st.booleans()), max_size=25),
    st.lists(st.integers(0, 30), max_size=4),
)
def test_the_versions_that_decide_give_the_same_answers_as_all(told: list[tuple[int, str, bool]], born: list[int]) -> None:
    """Asked by any branch born at any of the moments, from any moment on: is there a success of its own, or an older one?"""
    births = {1: sorted(NOW + timedelta(days=day) for day in born)}
    results = [
        result(place + 1, content, place + 1, success=success, day=place) for place, (content, _, success) in enumerate(told)
    ]
    groups = {place + 1: [branch] for place, (_, branch, _) in enumerate(told)}
    needed = deciding(results, groups, births)

    def answers(known: list[Result]) -> list[bool]:
        good = [one for one in known if one.success]
        return [
            any(one.content_id == content and groups[one.version_id] == [branch] and since < one.at < moment for one in good)
            for content in (1, 2, 3)
            for branch in ("main", "feat")
            for moment in (*births[1], NOW + timedelta(days=99))
            for since in (NOW + timedelta(days=day, hours=1) for day in range(-1, 30, 5))
        ]

    assert answers(results) == answers([one for one in results if one.version_id in needed])
