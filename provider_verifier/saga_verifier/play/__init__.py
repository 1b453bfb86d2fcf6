"""Calling one running participant and judging what it does: driver, player, callbacks, states of pacts."""
