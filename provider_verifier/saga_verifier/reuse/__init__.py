"""Results that need not be found out again, since nothing they depend on has changed.

A result is kept for one artefact of the participant (`artefact`), the content of the contract, the derivation and the version of
the verifier (`known`), in a folder of JSON files (`shelf`). Only what was kept or waived is reused; trials that
disturb the participant are always played.
"""

from saga_verifier.reuse.known import Known, freeing_step, opened

__all__ = ["Known", "freeing_step", "opened"]
