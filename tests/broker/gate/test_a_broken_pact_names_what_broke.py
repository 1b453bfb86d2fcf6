"""The reason for a broken pact names the interactions that failed, those of the step first, with what the verifier said."""

from typing import Any

import pytest

from saga_contracts.derive import cases
from saga_evidence import breaks


def told(landscape: Any, results: Any) -> str:
    """Let pay_service break its pact with these results, and give the reason."""
    pact = landscape.broker.get("/pacts/provider/pay_service/consumer/shop/version/1")
    link = pact["_links"]["pb:publish-verification-results"]["href"]
    landscape.broker.post(link, {"success": False, "providerApplicationVersion": "10", "testResults": results}, 201)
    [reason] = [one for one in landscape.ask()["reasons"] if one["type"] == "pact_broken"]
    return str(reason["text"])


def names(landscape: Any) -> list[str]:
    return [case.name for case in cases.derive(landscape.read("1")) if case.participant == "pay_service"]


def test_the_interactions_that_failed_are_named_with_what_was_wrong(landscape: Any) -> None:
    landscape.holds()
    results = [
        {"interactionDescription": "sale/pay/forward/done", "success": True},
        {
            "interactionDescription": "sale/pay/compensate/null",
            "success": False,
            "mismatches": [{"description": "expected 200 but was 404"}, {"description": "another"}],
        },
    ]
    text = told(landscape, results)
    assert "is broken by pay_service 10 in 1 interaction: sale/pay/compensate/null (expected 200 but was 404)." in text
    assert "forward/done" not in text


def test_of_many_the_first_are_named_and_the_others_counted(landscape: Any) -> None:
    landscape.holds()
    results = [{"interactionDescription": one, "success": False} for one in names(landscape)]
    text = told(landscape, results)
    assert f"in {len(results)} interactions: " in text
    assert text.endswith(f"; and {len(results) - 5} more.")


@pytest.mark.parametrize("results", [None, [], [5, {"success": False}], {"tests": "x"}, "nonsense"])
def test_results_that_name_no_interaction_leave_the_reason_as_short_as_it_is(landscape: Any, results: Any) -> None:
    landscape.holds()
    assert told(landscape, results).endswith("is broken by pay_service 10.")


def test_a_pact_that_fails_only_by_its_deck_says_so(landscape: Any) -> None:
    landscape.holds()
    landscape.deck("pay", "10", 1, breaks("O7"), verdict="broken")
    assert "no interaction is named that failed, but the step's deck is not kept" in told(landscape, None)
