"""The services that a participant itself calls, played by the harness from their contracts, so that they can fail when asked to.

`contract` says what is answered, `ledger` what came of it there, `playing` listens.
"""

from saga_verifier.depended.playing import Failing, Mode, Services, names

__all__ = ["Failing", "Mode", "Services", "names"]
