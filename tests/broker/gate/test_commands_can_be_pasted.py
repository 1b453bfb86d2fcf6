"""Commands that an answer tells people to run can be pasted, whatever the names in them are."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from saga_broker.gate.command import command

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@given(st.lists(NAMES, min_size=1))
def test_a_shell_reads_each_word_as_it_is(words: list[str]) -> None:
    assert shlex.split(command(*words)) == ["sagapact", *words]


def test_a_name_that_is_a_command_of_its_own_stands_in_quotes() -> None:
    told = command("record-deployment", "$(reboot)", "--version", "VERSION")
    assert told == "sagapact record-deployment '$(reboot)' --version VERSION"
