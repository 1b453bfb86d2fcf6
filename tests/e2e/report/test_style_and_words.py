"""Colours that can be read by everyone, numbers and commands that can be read and pasted."""

import re
import shlex
from importlib import resources

import pytest

from saga_e2e.report import texts
from saga_e2e.report.data import HttpRequest, Verdict
from saga_e2e.report.verdicts import SHOWN

READABLE = 4.5  # WCAG 2.2, level AA, text of normal size
VERDICTS = ("kept", "broken", "unproven", "pending", "waived", "none")
PAIRS = [
    *((text, ground) for text in ("text", "muted", "accent") for ground in ("page", "card", "sunk")),
    *((verdict, ground) for verdict in VERDICTS for ground in ("card", "sunk", f"{verdict}-bg")),
    *(("text", f"{verdict}-bg") for verdict in VERDICTS),
]


def _palettes() -> dict[str, dict[str, str]]:
    style = resources.files("saga_e2e.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
    light, dark, paper = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root \{([^}]*)\}", style)
    )
    return {"light": light, "dark": light | dark, "paper": light | paper}


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_every_colour_can_be_read_on_every_ground_it_stands_on(scheme: str) -> None:
    palette = _palettes()[scheme]
    faint = []
    for text, ground in PAIRS:
        bright, dim = sorted((_luminance(palette[text]), _luminance(palette[ground])), reverse=True)
        contrast = (bright + 0.05) / (dim + 0.05)
        if contrast < READABLE:
            faint.append((text, ground, round(contrast, 2)))
    assert faint == []


def test_every_verdict_that_a_heat_map_shows_has_a_sign_of_its_own() -> None:
    signs = [shown.sign for verdict, shown in SHOWN.items() if verdict != Verdict.UNKNOWN]
    assert len(signs) == len(set(signs)) == len(Verdict) - 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (12840, "12\u202f840"),
        (48.2, "48.2"),
        (0.12345, "0.123"),
        (None, "not measured"),
        ("n/a", "n/a"),
        (7, "7"),
        (1234567.5, "1\u202f234\u202f567.5"),
    ],
)
def test_numbers_are_written_to_be_read(value: float | str | None, written: str) -> None:
    assert texts.number(value) == written


@pytest.mark.parametrize(("text", "written"), [("", ""), ("no reply", "No reply."), ("Done.", "Done."), (" why? ", "Why?")])
def test_texts_are_written_as_sentences(text: str, written: str) -> None:
    assert texts.sentence(text) == written


@pytest.mark.parametrize(("value", "written"), [(None, ""), (12.4, "12 ms"), (2000, "2.0 s")])
def test_durations_are_written_to_be_read(value: float | None, written: str) -> None:
    assert texts.duration(value) == written


def test_a_call_is_pasted_as_one_command_that_the_shell_reads_back() -> None:
    body = {"text": 'it\'s "x" $(rm -rf ~) `id`', "n": 1}
    request = HttpRequest(method="POST", url="http://127.0.0.1:1/a?b=c&d=$HOME", headers={"Saga-Id": "s'1"}, body=body)
    words = shlex.split(texts.as_curl(request).replace("\\\n", " "))
    assert words[:5] == ["curl", "--include", "--request", "POST", "--url"]
    assert words[5] == "http://127.0.0.1:1/a?b=c&d=$HOME"
    assert words[6:8] == ["--header", "Saga-Id: s'1"]
    assert words[8] == "--data-raw"
    assert words[9] == '{"text": "it\'s \\"x\\" $(rm -rf ~) `id`", "n": 1}'


def test_a_body_that_begins_like_a_file_name_is_sent_as_it_is() -> None:
    assert "--data-raw @/etc/passwd" in texts.as_curl(HttpRequest(method="POST", url="http://h/", body="@/etc/passwd"))
