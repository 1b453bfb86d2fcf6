"""What may be seen of a text or a value that holds secrets."""

import base64
import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.rim.redact import HIDDEN, Redactor, everywhere, without_secrets

CANARY = "canary-7f3a<9c51>&\"'ü/x"
REDACT = Redactor({"TOKEN": CANARY})


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
        repr(CANARY)[1:-1],
        html.escape(CANARY),
        html.escape(CANARY).replace("&#x27;", "&#39;"),
        quote(CANARY),
        quote(CANARY, safe=""),
        base64.b64encode(CANARY.encode()).decode(),
    ],
)
def test_a_known_secret_is_hidden_in_every_usual_form(form: str) -> None:
    assert REDACT(f"before {form} after") == "before [redacted TOKEN] after"


@pytest.mark.parametrize("length", range(4, len(CANARY)))
def test_a_secret_that_a_cut_goes_through_is_known_by_its_beginning(length: int) -> None:
    assert REDACT(f"a {CANARY[:length]}… b…") == "a [redacted TOKEN]… b…"


def test_an_ellipsis_by_itself_hides_nothing() -> None:
    assert REDACT("a can… b…") == "a can… b…"


ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: repr('"' + text)[2:-1],
    html.escape,
    quote,
    lambda text: quote(text, safe=""),
)
"""What turns a text into one inside another text."""
SECRETS = st.text(st.characters(codec="utf-8"), min_size=4, max_size=20).filter(lambda text: text.strip() == text)


@given(SECRETS, st.lists(st.sampled_from(ENCODERS), max_size=3), st.text(max_size=5), st.text(max_size=5))
def test_no_secret_is_left_in_any_form_inside_any_other(
    secret: str, encoders: list[Callable[[str], str]], before: str, after: str
) -> None:
    form = secret
    for encode in encoders:
        form = encode(form)
    shown = Redactor({"NAME": secret})(f"{before}{form}{after}")
    assert "[redacted NAME]" in shown
    assert form not in shown.replace("[redacted NAME]", "\0")


class Kind(StrEnum):
    A = "canary"


@dataclass(frozen=True)
class Inner:
    name: str
    text: str
    calls: tuple[dict[str, Any], ...]
    kind: Kind = Kind.A


@dataclass(frozen=True)
class Outer:
    inner: Inner | None
    lines: tuple[str, ...]
    count: int = 5


def test_every_text_of_a_value_is_passed_through_but_names_and_enums() -> None:
    redact = Redactor({"NAME": "canary", "PIN": "987654"})
    call = {"url": "http://x/canary", "headers": {"Authorization": "Basic other"}, "body": [{"canary": 987654}, True, None, 1.5]}
    value = Outer(Inner("canary", "a canary", (call,)), ("canary",))
    seen = {
        "url": "http://x/[redacted NAME]",
        "headers": {"Authorization": HIDDEN},
        "body": [{"[redacted NAME]": "[redacted PIN]"}, True, None, 1.5],
    }
    assert everywhere(value, redact, untouched={"name"}) == Outer(
        Inner("canary", "a [redacted NAME]", (seen,)), ("[redacted NAME]",)
    )


@pytest.mark.parametrize("name", ["password", "X-Api-Key", "access_token"])
@pytest.mark.parametrize("value", ["s", 5, 1.5, ["s", {"x": "y"}]])
def test_what_is_called_like_a_secret_is_hidden(name: str, value: Any) -> None:
    shown = everywhere({name: value}, without_secrets)[name]
    assert shown == ([HIDDEN, {"x": "y"}] if isinstance(value, list) else HIDDEN)


@pytest.mark.parametrize("value", [None, True, {"x": "y"}])
def test_what_holds_no_secret_stays(value: Any) -> None:
    assert everywhere({"token": value}, without_secrets) == {"token": value}


def test_an_option_behind_one_without_a_value_is_hidden_too() -> None:
    assert (
        without_secrets("run --verbose --token=abc --quiet --password 'd e'")
        == f"run --verbose --token={HIDDEN} --quiet --password {HIDDEN}"
    )


@pytest.mark.parametrize("letters", ["-", "--a", "a-", "'a", "?a", "bearer ", "://", "authorization ", "=", " --token"])
def test_a_long_line_costs_time_that_grows_with_it(letters: str) -> None:
    line = letters * (300_000 // len(letters))  # where each place were looked at from each place, this would not end
    assert without_secrets(f"{line} --token=abc").endswith(HIDDEN)
    assert "abc" not in without_secrets(f"{line} --token=abc")
