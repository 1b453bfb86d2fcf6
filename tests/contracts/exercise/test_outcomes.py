from enum import Enum, StrEnum, auto
from typing import Any

import pytest

from saga_contracts.declare.outcomes import Outcome
from saga_contracts.derive.cases import Role
from saga_contracts.exercise import outcomes


class Own(Enum):
    DONE = "done"
    SUCCESS = "success"


class Text(StrEnum):
    DONE = auto()


@pytest.mark.parametrize("value", ["done", Own.DONE, Text.DONE, Outcome.DONE])
def test_an_outcome_may_be_a_text_or_a_member_whose_value_is_the_text(value: Any) -> None:
    assert outcomes.reported(value) == "done"
    assert outcomes.misreported(Role.FORWARD, outcomes.reported(value)) is None


@pytest.mark.parametrize("value", [None, "", "DONE", "success", Own.SUCCESS, True, 1, {}, b"done", ("done",)])
def test_anything_else_is_told_with_the_known_words(value: Any) -> None:
    said = outcomes.misreported(Role.FORWARD, outcomes.reported(value)) or ""
    assert "one of done, in_progress, refused, suspended, misused, retryable, unknown" in said


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.FORWARD, {"done", "in_progress", "refused", "suspended", "misused", "retryable", "unknown"}),
        (Role.COMPENSATE, {"done", "impossible", "retryable", "unknown"}),
        (Role.STATUS, {"applied", "absent", "compensated", "refused", "in_progress", "retryable", "unknown"}),
        (Role.CALLBACK, {"done", "refused", "unknown"}),
        (Role.CREATION, {"taken", "unknown"}),
        (Role.NOTIFICATION, {"taken", "unknown"}),
    ],
)
def test_every_role_has_its_words(role: Role, words: set[str]) -> None:
    assert set(outcomes.words(role)) == words


def test_a_word_of_another_role_is_no_outcome() -> None:
    assert outcomes.misreported(Role.COMPENSATE, "applied") is not None


def test_a_word_that_is_nearly_one_is_guessed() -> None:
    assert (outcomes.misreported(Role.STATUS, "Compensate") or "").endswith("Did you mean 'compensated'?")
