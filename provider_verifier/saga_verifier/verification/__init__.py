"""Verifying one running participant against one pact: replay its interactions, then play the decks that it carries.

Where the pact comes from and where the results go is left to `run` and `pacts`; starting the participant to `isolation`.
"""

from saga_verifier.verification.again import Again
from saga_verifier.verification.pact import verify_pact
from saga_verifier.verification.reused import contents, whole
from saga_verifier.verification.target import Drivers, Progress, Target

__all__ = ["Again", "Drivers", "Progress", "Target", "contents", "verify_pact", "whole"]
