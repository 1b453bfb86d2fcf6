"""Badges as addresses and as pictures."""

import pytest

from saga_broker.views.badge import Badge, not_found_badge, pact_badge


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("never", "unknown-lightgrey.svg"),
        ("success", "verified-brightgreen.svg"),
        ("stale", "changed-orange.svg"),
        ("failed", "failed-red.svg"),
        ("failed_pending", "failed%20%28pending%29-red.svg"),
    ],
)
def test_each_status_has_its_words_and_colour(status: str, end: str) -> None:
    assert pact_badge("Foo", "Bar", status).address == f"https://img.shields.io/badge/foo%2Fbar%20pact-{end}"


def test_names_are_shortened_or_left_out_when_asked() -> None:
    found = [
        pact_badge("FooApp", "my-bar_svc", "never", label=label, initials=initials).left
        for label, initials in ((None, True), ("consumer", False), ("provider", True), ("other", False))
    ]
    assert found == ["fa/mbs pact", "fooapp pact", "mbs pact", "fooapp/my-bar_svc pact"]


def test_signs_with_a_meaning_are_doubled_in_the_address() -> None:
    assert Badge("a-b_c", "d", "red").address == "https://img.shields.io/badge/a--b__c-d-red.svg"
    assert not_found_badge("version").right == "not found"


def test_a_picture_is_well_formed_whatever_the_names() -> None:
    picture = Badge('<a href="x">&', "ü", "red").svg
    assert "<title>&lt;a href=&quot;x&quot;&gt;&amp;: ü</title>" in picture
    assert picture.count("<a") == picture.count('"x"') == 0
    assert picture.count("<text ") == picture.count("</text>") == 2
