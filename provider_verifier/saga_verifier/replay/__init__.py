"""Replaying the interactions of a pact against a running provider, by Pact's own verifier.

result = replay(pact, "billing", running.base_url, states.url, states.message_url, timeout_s=60)
"""

from saga_verifier.replay.results import Cause, InteractionResult, ReplayError, ReplayResult
from saga_verifier.replay.run import replay

__all__ = ["Cause", "InteractionResult", "ReplayError", "ReplayResult", "replay"]
