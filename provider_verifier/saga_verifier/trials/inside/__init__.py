"""Trials inside a participant: the services that it calls fail, its database is restored, its clock is moved (O35, O17, O30)."""

from saga_verifier.trials.inside.failing import play

__all__ = ["play"]
