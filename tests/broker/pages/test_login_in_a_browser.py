"""A person signs in, in a real browser, and is back where they wanted to be."""

from typing import Any

import pytest

from browsing import Page
from postgres import KINDS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("database_url", KINDS[:1], indirect=True)
def test_a_person_signs_in_and_out(guarded: Any, make_token: Any, page: Page, until: Any) -> None:
    token = make_token("read", name="Ann <b>")
    page.open(f"{guarded.url}/pacticipants?q=x")
    asked = page.evaluate("location.pathname")
    page.look(width=360)
    faint, width = page.faint(), page.evaluate("document.documentElement.scrollWidth")
    page.evaluate(f"document.querySelector('#token').value = {token!r}")
    page.evaluate("document.querySelector('form.login').requestSubmit()")
    until(lambda: page.evaluate("location.pathname") == "/pacticipants")
    until(lambda: "Sign out (Ann <b>)" in page.evaluate("document.body.innerText"))
    back = page.evaluate("location.search")
    cookie = page.evaluate("document.cookie")
    complaints = page.complaints(guarded.url)
    page.evaluate("document.querySelector('form[action=\\'/logout\\']').requestSubmit()")
    until(lambda: page.evaluate("location.pathname") == "/login")

    assert (asked, back, cookie) == ("/login", "?q=x", "")
    assert (faint, width) == ([], 360)
    assert complaints == []
