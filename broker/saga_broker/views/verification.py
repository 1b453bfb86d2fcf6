"""Documents of verification results."""

from collections import Counter
from typing import Any

from saga_broker.acts.metadata import encode_number
from saga_broker.http.hal import Document, Links, link, moment, present
from saga_broker.pact.interaction_results import InteractionResult
from saga_broker.rows import Publication, Verification
from saga_broker.views.pact import name_of
from saga_contracts.wire import exact


def href_of(links: Links, result: Verification, metadata: str | None = None) -> str:
    """Give the address of a result."""
    content = links.content(result.consumer, result.provider, result.sha, metadata)
    return f"{content}/verification-results/{result.id}"


def interactions_href(links: Links, result: Verification) -> str:
    """Give the address of the results of a result's interactions."""
    return f"{href_of(links, result)}/interaction-results"


def verification(links: Links, result: Verification, pact: Publication) -> Document:
    """Write a result.

    Args:
        links: Writes addresses.
        result: The result.
        pact: The publication that the result is shown with.
    """
    own = href_of(links, result)
    content = links.content(result.consumer, result.provider, result.sha, encode_number(pact.number))
    return {
        **present(
            {
                "providerName": result.provider,
                "providerApplicationVersion": result.provider_version,
                "success": result.success,
                "verificationDate": moment(result.created_at),
                "buildUrl": result.build_url,
                "testResults": exact.loads(result.test_results) if result.test_results is not None else None,
                "verifiedBy": _verified_by(exact.loads(result.verified_by) if result.verified_by else {}),
            },
        ),
        "_links": {
            "self": link(own, "Verification result", f"Verification result {result.id} for {name_of(pact)}"),
            "pb:pact-version": link(content, "Pact", name_of(pact)),
            "pb:triggered-webhooks": link(
                f"{own}/triggered-webhooks",
                "Webhooks triggered by the publication of this verification result",
            ),
        },
    }


def interactions(links: Links, result: Verification, found: list[InteractionResult]) -> Document:
    """Write how the verification of each interaction ended.

    Args:
        links: Writes addresses.
        result: The result of the whole.
        found: That of each interaction.
    """
    counts = Counter(one.success for one in found)
    return {
        "success": result.success,
        "summary": {"success": counts[True], "failed": counts[False], "unknown": counts[None]},
        "interactionResults": [_interaction(one) for one in found],
        "_links": {
            "self": link(interactions_href(links, result), "Results of the interactions"),
            "pb:verification-result": link(href_of(links, result), "Verification result"),
        },
    }


def _interaction(one: InteractionResult) -> Document:
    names = {"interactionId": one.interaction_id, "interactionDescription": one.description}
    problems = [
        {
            "type": problem.kind,
            **present({"attribute": problem.attribute, "identifier": problem.identifier}),
            "description": problem.text,
        }
        for problem in one.problems
    ]
    return {**present(names), "providerStates": list(one.states), "success": one.success, "problems": problems}


def _verified_by(sent: Any) -> Document:
    """Write the verifier as it was sent, and its language's name where the original writes it: `client_implementation`."""
    if not isinstance(sent, dict):
        return {}
    language = sent.get("clientLanguage")
    name = language.get("name") if isinstance(language, dict) else None
    return present({**sent, "client_implementation": name if name is not None else sent.get("client_implementation")})
