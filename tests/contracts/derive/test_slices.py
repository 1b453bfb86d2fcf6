from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.declare.outputs import pointer
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


def sha(saga: Saga, step: str) -> str:
    return step_slice(saga, step).sha


def test_a_slice_survives_json(vas: Saga) -> None:
    slice_ = step_slice(vas, "create_packages")
    assert type(slice_).model_validate(slice_.as_json()).sha == slice_.sha


def test_a_slice_changes_with_its_own_step_only(make_step: Make, make_saga: MakeSaga) -> None:
    before = make_saga(make_step("a"), make_step("b"))
    after = make_saga(make_step("a"), make_step("b", tries=3))
    assert sha(before, "a") == sha(after, "a")
    assert sha(before, "b") != sha(after, "b")


def test_who_is_told_when_undoing_fails_is_no_part_of_a_slice(make_step: Make, make_saga: MakeSaga) -> None:
    told = {"participant": "shop", "request": {"method": "POST", "path": "/e"}, "replies": {"done": {"status": 204}}}
    before, after = make_saga(make_step("a")), make_saga(make_step("a"), policies={"owner_notification": told})
    assert sha(before, "a") == sha(after, "a")


def test_a_slice_changes_with_a_policy_of_its_saga(make_step: Make, make_saga: MakeSaga) -> None:
    before, after = make_saga(make_step("a")), make_saga(make_step("a"), policies={"suspended_forward": "accepted"})
    assert sha(before, "a") != sha(after, "a")


def test_a_waiver_belongs_to_the_slice_of_its_step(make_step: Make, make_saga: MakeSaga) -> None:
    waiver = {"obligation": "O8", "step": "a", "reason": "old", "person": "Ann", "expires": "2027-01-31"}
    before, after = make_saga(make_step("a"), make_step("b")), make_saga(make_step("a"), make_step("b"), waivers=[waiver])
    assert sha(before, "a") != sha(after, "a")
    assert sha(before, "b") == sha(after, "b")


def test_the_only_step_that_can_fail_is_not_undone_for_another(
    make_step: Make, make_retriable: Make, make_saga: MakeSaga
) -> None:
    alone = make_saga(make_step("a"), make_retriable("z", after=["a"]))
    assert not step_slice(alone, "a").facts.undone_after_done
    followed = make_saga(make_step("a"), make_step("b", after=["a"]))
    assert step_slice(followed, "a").facts.undone_after_done
    assert not step_slice(followed, "b").facts.undone_after_done


def test_steps_side_by_side_know_of_each_other(vas: Saga) -> None:
    facts = {step.step: step_slice(vas, step.step).facts for step in vas.steps}
    assert [name for name, fact in facts.items() if fact.starts_beside_others] == ["apply_vas", "create_packages"]
    assert [name for name, fact in facts.items() if fact.undone_after_done] == ["reserve_money", "apply_vas", "create_packages"]


@pytest.mark.parametrize(
    ("path", "value"),
    [("/a", {"b": [1, {"c/d": 2}]}), ("/a/b/0", 1), ("/a/b/1/c~1d", 2), ("/a/b/9", None), ("/a/x", None), ("/a/b/x", None)],
)  # fmt: skip
def test_a_pointer_finds_its_value(path: str, value: Any) -> None:
    document = {"a": {"b": [1, {"c/d": 2}]}}
    assert pointer(document, path) == value


def test_the_slice_of_an_unchanged_file_stays_as_it_is(make_step: Make, make_calling_back: Make, make_saga: MakeSaga) -> None:
    """A deck result is filed under the slice's sha: were the code to change it, every stored result would be worthless."""
    saga = make_saga(make_step("a"), make_calling_back(make_step("b", after=["a"])))
    assert (sha(saga, "a")[:12], sha(saga, "b")[:12]) == ("7a8295967143", "85da6d33f036")
