"""Which of the broker's sentences about a pact are to be shown (pure)."""

from collections.abc import Iterator

from saga_contracts.declare.verdict import Verdict
from saga_verifier.verdicts import PactOutcome

BEFORE, AFTER = "before_verification", "after_verification"


def notices(pact: PactOutcome) -> Iterator[str]:
    """Give the broker's sentences about a pact: those before its verification, and those that its result calls for."""
    bad = (Verdict.BROKEN, Verdict.UNPROVEN, *([Verdict.PENDING] if pact.pending else []))
    after = f"{AFTER}:success_{str(pact.verdict not in bad).lower()}_published_{str(pact.published).lower()}"
    for when, text in pact.origin.notices:
        if when in ("", BEFORE, AFTER, after):
            yield text
