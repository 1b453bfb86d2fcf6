"""How one running participant is reached, beside what its contracts say.

Live credentials, state changes, readings of an effect that no call of its API shows, and the programs that help with these. What
stands in the provider file is `saga_verifier.provider_file`; what is judged is left to `saga_verifier.play`.
"""

from saga_verifier.access.credentials import NONE, Credentials
from saga_verifier.access.probing import METHODS, Prober
from saga_verifier.access.programs import ProgramError, Stage
from saga_verifier.access.states import TEARDOWN, StateChanges

__all__ = ["METHODS", "NONE", "TEARDOWN", "Credentials", "Prober", "ProgramError", "Stage", "StateChanges"]
