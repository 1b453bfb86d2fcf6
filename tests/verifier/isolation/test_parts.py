"""The small parts of isolation: placeholders, redaction, the reading of logs, reservations of ports."""

import json
import socket
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_verifier.isolation import Redactor, Spec
from saga_verifier.isolation.logs import ProcessLog
from saga_verifier.isolation.placeholders import fill, inside_words, literal, outside_names
from saga_verifier.isolation.process.ports import HOST, PortTakenError, Reservation

VALUES = {"python": "/usr/bin/python", "port": "8080", "workdir": "/tmp/w"}  # noqa: S108  (a made-up place)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("http://h:{port}/x", "http://h:8080/x"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{{port}} is {port}", "{port} is 8080"),
        ("{unknown}", "{unknown}"),
        ("${TOKEN}-{port}", "sec{port}ret-8080"),
        ("${TOKEN}${TOKEN}", "sec{port}retsec{port}ret"),
    ],
)
def test_placeholders_are_filled_in_one_pass(text: str, filled: str) -> None:
    assert fill(text, VALUES, {"TOKEN": "sec{port}ret"}) == filled


def test_without_values_from_outside_a_shell_keeps_its_variables() -> None:
    assert fill("echo ${HOME} ${port} {port}", VALUES) == "echo ${HOME} ${port} 8080"


def test_a_name_without_a_value_is_not_filled_with_nothing() -> None:
    with pytest.raises(KeyError):
        fill("${TOKEN}", VALUES, {})


@given(st.text().filter(lambda text: "${" not in text and "{{" not in text))
def test_literal_text_survives_filling(text: str) -> None:
    assert fill(literal(text), VALUES) == text


def test_names_and_words_are_found() -> None:
    assert list(outside_names("${A}{port}${B_2}{{c}}")) == ["A", "B_2"]
    assert list(inside_words("${A}{prot}{{c}}{port}{B}${port}")) == ["prot", "port"]


def test_values_from_outside_never_show_in_a_spec() -> None:
    spec = Spec("p", ("x",), env={"T": "${T}"}, outside={"T": "canary"}, inherited={"K": "canary", "PATH": "/bin"})
    assert "canary" not in repr(spec)
    assert "canary" not in repr(spec.filled(1, "/w"))
    assert spec.secrets == {"T": "canary", "K": "canary"}
    assert spec.filled(1, "/w").env == {"K": "canary", "PATH": "/bin", "T": "canary"}


@given(st.text(min_size=4), st.text(), st.text())
def test_a_secret_is_hidden_in_every_usual_form(secret: str, before: str, after: str) -> None:
    redact = Redactor({"TOKEN": secret})
    for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
        text = redact(f"<{form}>")
        assert form not in text.replace("[redacted TOKEN]", "") or not form.strip()


def test_a_short_secret_is_hidden_only_where_it_stands_alone() -> None:
    assert Redactor({"PIN": "12"})("pin 12, 4123, =12.") == "pin [redacted PIN], 4123, =[redacted PIN]."


def test_each_line_of_a_key_file_is_hidden() -> None:
    redact = Redactor({"KEY": "-----BEGIN-----\nMIIabcdefgh\nxyz\n-----END-----\n"})
    assert redact("read MIIabcdefgh and -----END-----") == "read [redacted KEY] and [redacted KEY]"


def test_an_empty_secret_hides_nothing() -> None:
    assert Redactor({"EMPTY": ""})("text") == "text"


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_secret_that_the_end_of_the_log_cuts_in_two_does_not_show(tmp_path: Path, cut: int) -> None:
    secret = "0123456789abcdef"
    log = ProcessLog(tmp_path / "log", Redactor({"TOKEN": secret}))
    margin = len(secret)
    log.path.write_bytes((secret + "y" * (64_000 + margin - (margin - cut))).encode())  # the window begins inside the secret
    shown = log.tail(5)
    assert not any(secret[end - 4 : end] in shown for end in range(4, len(secret) + 1))


def test_a_secret_on_the_border_of_two_halves_of_the_log_does_not_show(tmp_path: Path) -> None:
    redact = Redactor({"TOKEN": "0123456789abcdef"})
    log = ProcessLog(tmp_path / "log", redact)
    (tmp_path / "log.older").write_text("a" * 100 + " 01234567")
    log.path.write_text("89abcdef\nlast")
    assert log.tail(2) == "a" * (100 - redact.longest) + " [redacted TOKEN]\nlast"


def test_a_log_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert ProcessLog(tmp_path / "log", Redactor({})).tail(10) == ""


def test_a_reserved_port_is_given_to_nobody_else_until_released() -> None:
    with Reservation() as reservation, pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind((HOST, reservation.port))
    with socket.socket() as other:
        other.bind((HOST, reservation.port))


def test_a_listening_port_cannot_be_reserved() -> None:
    with socket.create_server((HOST, 0)) as other, pytest.raises(PortTakenError, match="cannot be used"):
        Reservation(other.getsockname()[1])
