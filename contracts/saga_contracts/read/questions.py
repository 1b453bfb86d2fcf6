"""The open questions of a saga file: comments of the form `# TODO(3): What is answered then?` (pure).

A draft that was made from another document asks what that document did not tell. As long as a question stands, the file is not
finished: each one is a fault at its line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter

import yaml

from saga_contracts.declare.schemas.values import shortened
from saga_contracts.errors import Fault
from saga_contracts.read.positions import MOST_FAULTS, Document

_COMMENT = re.compile(r"(?<![^ \t\n])#[^\n]*")
_QUESTION = re.compile(r"#[ \t]*TODO\((\d{1,6})\):(.*)")
_LONGEST = 400


def faults(document: Document) -> list[Fault]:
    """Give every open question of a text that was read without faults, a hundred at most."""
    found = []
    for start, comment in _comments(document.text) if "TODO(" in document.text else ():
        match = _QUESTION.fullmatch(comment)
        if match is None:
            continue
        line, column = document.text.count("\n", 0, start) + 1, start - document.text.rfind("\n", 0, start)
        what = f"Open question {match[1]}: {shortened(match[2].strip(), _LONGEST) or 'it has no words'}"
        found.append(Fault(document.file, line, column, "", what, "Answer it here, then remove this comment."))
        if len(found) == MOST_FAULTS:
            break
    return found


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Give every comment with where it starts; what looks like one inside of a text is none."""
    texts, place = _texts(text), 0
    while match := _COMMENT.search(text, place):
        inside = bisect_right(texts, match.start(), key=itemgetter(0)) - 1
        if inside >= 0 and match.start() < texts[inside][1]:
            place = texts[inside][1]
        else:
            yield match.start(), match[0]
            place = match.end()


def _texts(text: str) -> list[tuple[int, int]]:
    """Give where each quoted or folded text begins and ends; a plain word holds no comment."""
    scalars = (event for event in yaml.parse(text, Loader=yaml.SafeLoader) if isinstance(event, yaml.ScalarEvent) and event.style)
    return [(one.start_mark.index, one.end_mark.index) for one in scalars if one.start_mark and one.end_mark]
