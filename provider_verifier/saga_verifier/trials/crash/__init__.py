"""Trials of a crash: the participant is killed and started again on its data (O16)."""

from saga_verifier.trials.crash.killing import play

__all__ = ["play"]
