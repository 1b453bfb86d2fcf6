"""Commands that an answer tells people to run next, written so that they can be pasted whatever the names in them are."""

import shlex


def command(*words: str) -> str:
    """Write a command of `sagapact` for a POSIX shell: a name that says more than itself there stands in quotes."""
    return shlex.join(("sagapact", *words))
