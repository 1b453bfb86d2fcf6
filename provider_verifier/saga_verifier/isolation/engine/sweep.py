"""Removes what a killed run left behind: containers, networks and volumes whose owner has certainly ended, and nothing else."""

from contextlib import suppress

from saga_verifier.isolation.engine.api import Engine
from saga_verifier.isolation.engine.errors import EngineError
from saga_verifier.isolation.engine.owner import OWNER_LABEL, owner_of


def sweep(engine: Engine) -> int:
    """Remove what processes of this machine left that do not run any more; give how many objects that were.

    What another machine's process made at the same engine is left alone: whether that process runs cannot be known from here.
    """
    count = 0
    for listed, remove in (
        (engine.containers, engine.remove),
        (engine.networks, engine.remove_network),
        (engine.volumes, engine.remove_volume),
    ):
        for name, labels in list(listed(OWNER_LABEL)):
            owner = owner_of(labels)
            if owner is not None and owner.is_gone():
                with suppress(EngineError):  # another run may be sweeping the same; what stays is tried again at the next start
                    remove(name)
                    count += 1
    return count
