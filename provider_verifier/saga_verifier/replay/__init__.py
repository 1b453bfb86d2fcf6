"""Replaying the interactions of a pact against a running provider, by Pact's own verifier.

interactions = read_pact(document, "billing")
result = replay(interactions, "billing", running.base_url, Serving(states), timeout_s=60)
"""

from saga_verifier.replay.pact import WRITTEN, Interaction, parties, read_pact
from saga_verifier.replay.plugins import check_installed
from saga_verifier.replay.relay import Serving
from saga_verifier.replay.results import NOT_FOUND_OUT, Cause, InteractionResult, ReplayError, ReplayResult
from saga_verifier.replay.run import replay

__all__ = [
    "NOT_FOUND_OUT",
    "WRITTEN",
    "Cause",
    "Interaction",
    "InteractionResult",
    "ReplayError",
    "ReplayResult",
    "Serving",
    "check_installed",
    "parties",
    "read_pact",
    "replay",
]
