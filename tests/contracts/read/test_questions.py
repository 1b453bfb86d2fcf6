"""Open questions of a saga file are comments; the same words inside of a text are none."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.commands import contracts
from saga_contracts.read import positions, questions
from saga_contracts.sagafile import SagaFileError, parse_saga
from saga_contracts.start import small


def asked(text: str) -> list[tuple[int, int]]:
    """Give line and column of each question that is found."""
    return [(one.line, one.column) for one in questions.faults(positions.read(text, "saga.yaml"))]


PLACES = {
    "a line of its own": ("a: 1\n# TODO(1): why?\n", [(2, 1)]),
    "an indented line": ("a:\n  # TODO(1): why?\n  b: 1\n", [(2, 3)]),
    "behind a value": ("a: word # TODO(12): why?\n", [(1, 9)]),
    "behind a quoted text": ("a: 'word' # TODO(12): why?\n", [(1, 11)]),
    "behind a text that looks like one": ("a: ' # TODO(1): no' # TODO(2): why?\n", [(1, 21)]),
    "inside of another comment": ("# see # TODO(1): why?\na: 1\n", []),
    "no number": ("# TODO: later\n# TODO(me): later\na: 1\n", []),
    "no comment": ("a: b# TODO(1):c\n", []),
    "in quotes": ("a: \" # TODO(1): why?\"\nb: ' # TODO(2): why?'\n", []),
    "in quotes on several lines": ('a: "one\n  # TODO(1): two\n  three"\n', []),
    "in a block": ("a: |\n  one\n  # TODO(1): two\nb: >\n  # TODO(2): three\n", []),
    "behind a block": ("a: |\n  one\n# TODO(1): two\nb: 1\n", [(3, 1)]),
    "behind an indented block": ("a:\n  b: |\n    one\n  # TODO(1): two\n  c: 1\n", [(4, 3)]),
    "inside of a flow": ("a: [1, # TODO(3): two\n  2]\n", [(1, 8)]),
    "behind a byte order mark": ("\ufeff# TODO(1): why?\na: 1\n", [(1, 1)]),
}


@pytest.mark.parametrize(("text", "places"), PLACES.values(), ids=PLACES.keys())
def test_a_question_is_found_where_it_is_a_comment(text: str, places: list[tuple[int, int]]) -> None:
    assert asked(text) == places


def test_a_question_makes_a_right_file_unfinished_for_every_reader(tmp_path: Path) -> None:
    text = small.SAGA.format(saga="sale", owner="shop")
    with pytest.raises(SagaFileError, match="Open question 7: Which one"):
        parse_saga(text.replace("steps:", "# TODO(7): Which one?\nsteps:"), "saga.yaml")
    path = tmp_path / "saga.yaml"
    path.write_text(f"{text}# TODO(8): Really?\n", encoding="utf-8")
    result = CliRunner().invoke(contracts, ["lint", "--json", str(path)])
    assert result.exit_code == 2
    [fault] = json.loads(result.output)[0]["faults"]
    assert fault["line"] == text.count("\n") + 1
    assert fault["mend"] == "Answer it here, then remove this comment."


def test_a_hundred_questions_are_told_at_most() -> None:
    assert len(asked("".join(f"# TODO({number}): why?\n" for number in range(1000)) + "a: 1\n")) == 100


@given(st.text(alphabet="ab #:\n'\"|>-[]{}TODO(1)", max_size=60))
def test_any_text_is_looked_through_without_trouble(text: str) -> None:
    document = positions.read(text, "saga.yaml")
    if not document.faults:
        questions.faults(document)
