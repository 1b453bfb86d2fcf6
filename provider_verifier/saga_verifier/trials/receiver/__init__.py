"""Trials of callbacks: who takes them fails, loses its answer, is slow, or is away over a restart (O19)."""

from saga_verifier.trials.receiver.telling_again import play

__all__ = ["play"]
