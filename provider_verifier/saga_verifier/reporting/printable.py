"""Texts without the characters that XML, HTML and terminals do not take (pure)."""

import re

_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """Give a text with a sign in the place of each character that cannot be shown."""
    return _UNPRINTABLE.sub("\ufffd", text)
