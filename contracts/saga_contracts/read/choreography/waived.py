"""Which rules of an obligation are knowingly let go (pure)."""

from saga_contracts.declare.saga import Saga


def is_waived(saga: Saga, obligation: str, name: str) -> bool:
    """Is an obligation waived for an event, a reaction or a timer? Whether the day is over is asked where results are judged."""
    return any(one.obligation == obligation and one.step == name for one in saga.waivers)
