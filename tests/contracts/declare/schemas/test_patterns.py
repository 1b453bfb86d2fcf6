"""Patterns mean what ECMA-262 says, cost time that grows with the text, and are named when they need more."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from saga_contracts.declare.schemas.patterns import PatternError, compiled

MEANS: list[tuple[str, list[str], list[str]]] = [
    ("a", ["a", "bab"], ["", "b"]),
    ("^a$", ["a"], ["a\n", "ba", "a\nb"]),
    ("^a|b$", ["ax", "xb"], ["xa", "bx"]),
    (r"^\d+$", ["09"], ["\u0661", ""]),
    (r"^\D$", ["\u0661", "a"], ["1"]),
    (r"^\w$", ["a", "_", "9"], ["é", "-"]),
    (r"^\W$", ["é", "-"], ["a"]),
    (r"^\s$", [" ", "\u00a0", "\ufeff", "\u2003", "\v", "\u2028"], ["a", "\u200b", "\x1c", "\x85"]),
    (r"^\S$", ["a", "\x85"], ["\u3000"]),
    ("^.$", ["a", "\x85", "\v"], ["\n", "\r", "\u2028", "\u2029", ""]),
    (r"\bcat\b", ["a cat", "écaté"], ["cats", "_cat"]),
    (r"a\Bb", ["ab"], ["a b"]),
    (r"^\u00e9\x41\u{1F600}$", ["éA😀"], ["e"]),
    (r"^\uD83D\uDE00$", ["😀"], [""]),
    (r"^[\uD83D\uDE00-\uD83D\uDE02]$", ["😁"], ["😅"]),
    (r"^\cJ\0\t$", ["\n\0\t"], ["J0t"]),
    (r"^[\b]$", ["\b"], ["b"]),
    (r"^\p{Lu}\p{Script=Greek}\P{L}$", ["Éλ1"], ["eλ1", "Éa1"]),
    (r"^[\p{L}\d-]+$", ["é-1"], ["é 1", ""]),
    ("^[]$", [], ["", "a", "]"]),
    ("^[^]$", ["a", "\n"], ["", "ab"]),
    ("^[a^-c]$", ["a", "b", "c", "^", "_"], ["]", "-"]),
    ("^[&&~~||]$", ["&", "~", "|"], ["a"]),
    (r"^[[\]]$", ["[", "]"], ["a"]),
    (r"^[\w-.]$", ["a", "-", "."], ["+"]),
    (r"^[\s\S]$", ["\n", "a"], [""]),
    (r"^[^\s\d]$", ["a"], ["1", " "]),
    ("^a{2}$", ["aa"], ["a", "aaa"]),
    ("^a{2,}b{0,1}$", ["aa", "aaab"], ["a", "aabb"]),
    ("^a{,2}$", ["a{,2}"], ["aa"]),
    ("^{a}$", ["{a}"], ["a"]),
    ("^(?:ab)+?(?<name>c)??$", ["ab", "ababc"], ["a"]),
    ("^(a|)$", ["a", ""], ["b"]),
    (r"^\/\-\@\ \.\$$", ["/-@ .$"], ["/-@ x$"]),
    (r"^\<a\>$", ["<a>"], ["a"]),
    ("^#a b$", ["#a b"], ["#ab"]),
    ("", ["", "a"], []),
]


@pytest.mark.parametrize(("pattern", "found", "missed"), MEANS, ids=[row[0] or "nothing" for row in MEANS])
def test_a_pattern_means_what_ecma_262_says(pattern: str, found: list[str], missed: list[str]) -> None:
    ready = compiled(pattern)
    assert [text for text in found if not ready.found_in(text)] == []
    assert [text for text in missed if ready.found_in(text)] == []


REFUSED: list[tuple[str, str, str]] = [
    ("a(?=b)", "at character 2 there is a look-ahead", "second schema"),
    ("a(?!b)", "at character 2 there is a look-ahead", "second schema"),
    ("(?<=a)b", "at character 1 there is a look-behind", "second schema"),
    ("(?<!a)b", "at character 1 there is a look-behind", "second schema"),
    (r"(a)\1", "at character 4 there is a back-reference", "Write out"),
    (r"(?<n>a)\k<n>", "at character 8 there is a back-reference", "Write out"),
    (r"\Aa", r"`\A` is not known", "`^`"),
    (r"a\Z", r"`\Z` is not known", "`$`"),
    (r"\h", r"`\h` is not known", "Mend"),
    ("(?i)a", "`(?i` is not known", "(?:"),
    ("(?P<n>a)", "`(?P` is not known", "(?:"),
    ("(?>a)", "`(?>` is not known", "(?:"),
    ("a++", "repeats a repetition", "remove"),
    ("a{2}{3}", "repeats a repetition", "remove"),
    ("*a", "nothing that `*` could repeat", r"\*"),
    ("a|+", "nothing that `+` could repeat", r"\+"),
    ("^*", "`^` cannot be repeated", "Remove"),
    ("(a", "at character 1 a bracket `(` is not closed", "Close"),
    ("a)", "closes nothing", r"\)"),
    ("[a", "a bracket `[` is not closed", "Close"),
    ("[b-a]", "a range goes backwards", "Exchange"),
    ("a{3,2}", "counts backwards", "Exchange"),
    ("a\\", "is not known", "Mend"),
    (r"\uD83D", "no whole character", "Write"),
    (r"\x4", "no whole character", "Write"),
    (r"\u{110000}", "no whole character", "Write"),
    (r"\p", "has no property", r"\p{L}"),
    (r"\p{Nonsense}", "property not found", "Mend"),
    ("a" * 1001, "more than 1000 characters", "shorter"),
    ("(" * 60 + ")" * 60, "nested deeper", "Flatten"),
    ("(((a{100}){100}){100}){100}", "too large", "maxLength"),
    (r"\p{L}{900}", "too large", "maxLength"),
]


@pytest.mark.parametrize(("pattern", "what", "mend"), REFUSED, ids=[row[0][:20] for row in REFUSED])
def test_a_pattern_that_cannot_be_used_is_named_with_the_mend(pattern: str, what: str, mend: str) -> None:
    with pytest.raises(PatternError) as raised:
        compiled(pattern)
    assert what in raised.value.what
    assert mend in raised.value.mend


CATASTROPHES = [
    "^(a+)+$",
    "^(a|a)*$",
    "^(a|aa)+$",
    "^(a*)*$",
    "(.*a){20}",
    "^(a?){50}a{50}$",
    r"^(\w+\s?)*$",
    "(a+)+b|(a|b|ab)*c",
]


@pytest.mark.parametrize("pattern", CATASTROPHES)
def test_no_pattern_tries_back(pattern: str) -> None:
    assert not compiled(pattern).found_in("a" * 20_000 + "!") or pattern == "(.*a){20}"  # a backtracker would not end


LETTERS = st.sampled_from(["a", "b", "1", "_", " ", "-", "(", "^", "\n"])


@st.composite
def patterns(draw: st.DrawFn, depth: int = 0) -> str:
    """Patterns that Python's own engine reads in the same way, on texts of ASCII."""
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["letter", "set", "class", "group", "edge"] if depth < 2 else ["letter", "set"]))
        match kind:
            case "letter":
                part = re.escape(draw(LETTERS))
            case "set":
                part = draw(st.sampled_from([r"\d", r"\D", r"\w", r"\W", r"\s", r"\S"]))
            case "class":
                members = draw(st.sampled_from(["a-c", "1_", r"\d ", r"\Wa", "b-"]))
                part = f"[{draw(st.sampled_from(['', '^']))}{members}]"
            case "group":
                part = f"({draw(patterns(depth + 1))}|{draw(patterns(depth + 1))})"
            case _:
                parts.append(draw(st.sampled_from(["^", r"\b", r"\B"])))
                continue
        parts.append(part + draw(st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "*?"])))
    return "".join(parts)


@given(patterns(), st.text(LETTERS, min_size=1, max_size=6))  # Python finds no \B in nothing
def test_what_two_engines_know_they_find_alike(pattern: str, text: str) -> None:
    assert compiled(pattern).found_in(text) == (re.search(pattern, text, re.ASCII) is not None)


@given(st.text(max_size=40) | st.text("ab()[]{}|^$.*+?\\,-12dwsbBpux<>=!:", max_size=30), st.text(max_size=20))
@example("\ud800", "\ud800")
def test_any_text_is_a_pattern_or_is_refused_with_a_sentence(pattern: str, text: str) -> None:
    try:
        ready = compiled(pattern)
    except PatternError as error:
        said = (error.what, error.mend)
    else:
        said = ("found", "missed") if ready.found_in(text) else ("missed", "found")
    assert all(said)
