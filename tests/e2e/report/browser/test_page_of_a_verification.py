"""The page of `sagapact verify --html`, looked at in a browser: nothing runs in it, nothing is fetched, nothing is cut off."""

from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import ProviderOutcome
from saga_verifier.reporting import view
from saga_verifier.reporting.page import page as page_of
from saga_verifier.verdicts import InteractionOutcome, PactOutcome

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)><script>console.log('ran')</script>" + "long" * 200


@pytest.mark.parametrize("width", [390, 1200])
def test_what_a_participant_says_is_shown_and_does_not_run_on_any_width(
    page: Any, save: Callable[[str], str], width: int
) -> None:
    broken = InteractionOutcome(HOSTILE, HOSTILE, Verdict.BROKEN, (HOSTILE,), text=HOSTILE)
    outcome = ProviderOutcome("stock", HOSTILE, (PactOutcome(HOSTILE, "stock", False, (broken,), notes=(HOSTILE,)),))

    page.look(width=width)
    page.open(save(page_of([view.of(outcome)])))

    assert page.complaints() == []
    assert "onerror=alert(1)" in page.evaluate("document.body.innerText")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
