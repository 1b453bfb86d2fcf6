r"""Reads a pattern of ECMA-262 and writes it for an engine that never tries back, Rust's `regex` (pure).

Left out on purpose, and named when they stand there: look-around and back-references. Read as people write them, although strict
engines refuse it: an escape before a character that needs none (`\-`, `\@`), and a brace that counts nothing.
"""

import re
from dataclasses import dataclass

MAX_LENGTH = 1000
"""Characters of a pattern."""
MAX_SIZE = 20_000
"""States of a pattern, counted repetitions written out."""
_MAX_DEPTH = 50

_SPACE = r"\t\n\x0B\x0C\r\x20\u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}"
_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": _SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_COUNTED = re.compile(r"\{(\d{1,9})(,(\d{0,9}))?\}")
_PROPERTY = re.compile(r"\{([A-Za-z_]+(?:=[A-Za-z0-9_]+)?)\}")
_HEX = {"x": re.compile(r"([0-9A-Fa-f]{2})"), "u": re.compile(r"([0-9A-Fa-f]{4})|\{0*([0-9A-Fa-f]{1,6})\}")}
_GROUP = re.compile(r"\?(?:(:)|<([A-Za-z_$][A-Za-z0-9_$]*)>)")
_LOOKS = {"?=": "look-ahead", "?!": "look-ahead", "?<=": "look-behind", "?<!": "look-behind"}
_SIGNS = frozenset("*+?")
_ANYTHING = r"[\u{0}-\u{10FFFF}]"
_NOTHING = r"[^\u{0}-\u{10FFFF}]"
_HIGH, _LOW, _END = range(0xD800, 0xDC00), range(0xDC00, 0xE000), 0x10FFFF


class PatternError(ValueError):
    """A pattern cannot be used.

    Attributes:
        what: Why not, as the end of a sentence.
        mend: What to do about it, one sentence.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}. {mend}")
        self.what, self.mend = what, mend

    @classmethod
    def too_large(cls) -> "PatternError":
        """Tell that a pattern stands for too much."""
        return cls("it is too large with its repetitions written out", "Say lengths with `minLength` and `maxLength`.")


def translated(pattern: str) -> tuple[str, int]:
    """Write a pattern for the engine.

    Returns:
        The pattern, and about how many states it has.

    Raises:
        PatternError: when it is no pattern of ECMA-262, or needs an engine that tries back.
    """
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"it has more than {MAX_LENGTH} characters", "Write it shorter, or use `enum`.")
    reader = _Reader(pattern)
    text, size = reader.alternatives(0)
    if reader.more:
        raise reader.wrong("a bracket `)` closes nothing", "Write `\\)` for the character itself.")
    return text, size


@dataclass(slots=True)
class _Reader:
    """Goes through a pattern from left to right; each method reads one thing and gives its translation and its size."""

    text: str
    at: int = 0

    @property
    def more(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.at : self.at + 1]

    @property
    def repeats(self) -> bool:
        """Does a repetition stand here?"""
        return self.more in _SIGNS or _COUNTED.match(self.text, self.at) is not None

    def take(self) -> str:
        """Read one character."""
        found = self.more
        self.at += 1
        return found

    def took(self, text: str) -> bool:
        """Read this text if it stands here."""
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what matches here, if anything does."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def wrong(self, what: str, mend: str, at: int | None = None) -> PatternError:
        """Tell what is wrong at a place."""
        return PatternError(f"at character {(self.at if at is None else at) + 1} {what}", mend)

    def alternatives(self, depth: int) -> tuple[str, int]:
        """Read up to the end, or to the bracket that closes the group."""
        if depth > _MAX_DEPTH:
            raise self.wrong(f"groups are nested deeper than {_MAX_DEPTH}", "Flatten it.")
        parts: list[str] = []
        size = 1
        while self.more not in ("", ")"):
            if self.took("|"):
                parts.append("|")
                continue
            part, weight = self.term(depth)
            parts.append(part)
            size += weight
            if size > MAX_SIZE:
                raise PatternError.too_large()
        return "".join(parts), size

    def term(self, depth: int) -> tuple[str, int]:
        """Read one thing and how often it stands there."""
        start = self.at
        assertion = {"^": r"\A", "$": r"\z", r"\b": r"(?-u:\b)", r"\B": r"(?-u:\B)"}
        for word, meaning in assertion.items():
            if self.took(word):
                if self.repeats:
                    raise self.wrong(f"`{word}` cannot be repeated", "Remove the repetition.")
                return meaning, 1
        if self.repeats:
            raise self.wrong(
                f"there is nothing that `{self.more}` could repeat", f"Write `\\{self.more}` for the character itself."
            )
        atom, size = self.atom(depth)
        return self.repeated(atom, size, start)

    def repeated(self, atom: str, size: int, start: int) -> tuple[str, int]:
        """Read a repetition, if one stands here."""
        sign, times = "", 1
        if self.more in _SIGNS:
            sign = self.take()
        elif counted := self.matched(_COUNTED):
            least, most = int(counted[1]), int(counted[3] or counted[1])
            if most < least:
                raise self.wrong(f"`{counted[0]}` counts backwards", "Exchange the numbers.", start)
            sign, times = counted[0], max(most, 1)
        if not sign:
            return atom, size
        if times * size > MAX_SIZE:
            raise PatternError.too_large()
        sign += "?" if self.took("?") else ""
        if self.repeats:
            raise self.wrong(f"`{self.more}` repeats a repetition", "ECMA-262 has no possessive repetition; remove it.")
        return f"(?:{atom}){sign}", times * size

    def atom(self, depth: int) -> tuple[str, int]:
        """Read one thing that can be repeated."""
        start = self.at
        letter = self.take()
        if letter == "(":
            return self.group(depth, start)
        if letter == "[":
            return self.character_class(start)
        if letter == ".":
            return r"[^\n\r\u{2028}\u{2029}]", 4
        if letter == "\\":
            found = self.escape(start)
            return (found, 4) if isinstance(found, str) else (_one(found), 1)
        return _one(ord(letter)), 1

    def group(self, depth: int, start: int) -> tuple[str, int]:
        """Read a group; what it is named is of no importance, since nothing may refer to it."""
        for opening, name in _LOOKS.items():
            if self.text.startswith(opening, self.at):
                what = f"there is a {name} (`({opening}`), which cannot be matched in linear time"
                raise self.wrong(what, "Say it with a second schema: `allOf`, `not`, `minLength`.", start)
        if self.more == "?" and not self.matched(_GROUP):
            raise self.wrong(f"`({self.text[self.at : self.at + 2]}` is not known to ECMA-262", "Write `(?:` or `(`.", start)
        inside, size = self.alternatives(depth + 1)
        if not self.took(")"):
            raise self.wrong("a bracket `(` is not closed", "Close it.", start)
        return f"(?:{inside})", size

    def character_class(self, start: int) -> tuple[str, int]:
        """Read what stands between `[` and `]`."""
        negated = self.took("^")
        parts: list[str] = []
        while not self.took("]"):
            if not self.more:
                raise self.wrong("a bracket `[` is not closed", "Close it.", start)
            parts.append(self.member())
        if not parts:
            return (_ANYTHING if negated else _NOTHING), 1
        return f"[{'^' if negated else ''}{''.join(parts)}]", 4

    def member(self) -> str:
        """Read one character of a class, a range, or a set."""
        start = self.at
        first = self.class_atom()
        if isinstance(first, str) or self.more != "-" or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return first if isinstance(first, str) else _one(first)
        self.take()
        last = self.class_atom()
        if isinstance(last, str):
            return f"{_one(first)}{_one(ord('-'))}{last}"
        if last < first:
            raise self.wrong("a range goes backwards", "Exchange its ends.", start)
        return f"{_one(first)}-{_one(last)}"

    def class_atom(self) -> int | str:
        """Read one character (as a number) or a set (as text) inside a class."""
        start = self.at
        letter = self.take()
        if letter != "\\":
            return ord(letter)
        if self.took("b"):
            return ord("\b")
        return self.escape(start)

    def escape(self, start: int) -> int | str:
        """Read what follows a backslash: one character (as a number) or a set (as text)."""
        letter = self.take()
        if letter.lower() in _SETS:
            return f"[{'^' if letter.isupper() else ''}{_SETS[letter.lower()]}]"
        if letter in ("p", "P"):
            return self.unicode_property(letter, start)
        if letter in _HEX:
            return self.hexadecimal(letter, start)
        if letter in _CONTROLS and not (letter == "0" and self.more.isdigit()):
            return ord(_CONTROLS[letter])
        if letter == "c" and self.more.isascii() and self.more.isalpha():
            return ord(self.take()) % 32
        if (letter.isdigit() and letter != "0") or letter == "k":
            what = "there is a back-reference, which cannot be matched in linear time"
            raise self.wrong(what, "Write out what it repeats, or leave it to the participant.", start)
        if not letter or letter.isalnum():
            raise self.wrong(f"`\\{letter}` is not known to ECMA-262", "Mend it; the ends are `^` and `$`.", start)
        return ord(letter)

    def unicode_property(self, letter: str, start: int) -> str:
        """Read a property such as `{L}` or `{Script=Greek}`."""
        found = self.matched(_PROPERTY)
        if not found:
            raise self.wrong(f"`\\{letter}` has no property", f"Write it as `\\{letter}{{L}}`.", start)
        return rf"\{letter}{{{found[1]}}}"

    def hexadecimal(self, letter: str, start: int) -> int:
        """Read a character by its number; two halves of one are put together."""
        found = self.matched(_HEX[letter])
        code = int(found[1] or found[2], 16) if found else _END + 1
        if code in _HIGH and self.text.startswith("\\u", self.at):
            self.at += 2
            low = self.matched(_HEX["u"])
            half = int(low[1] or "0", 16) if low else 0
            code = 0x10000 + (code - _HIGH.start) * 0x400 + half - _LOW.start if half in _LOW else code
        if code > _END or code in _HIGH or code in _LOW:
            raise self.wrong(
                f"`\\{letter}` is no whole character", "Write the character itself, or `\\u` and four digits.", start
            )
        return code


def _one(code: int) -> str:
    letter = chr(code)
    return letter if letter.isascii() and letter.isalnum() else rf"\u{{{code:X}}}"
