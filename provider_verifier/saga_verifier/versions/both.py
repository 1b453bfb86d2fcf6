"""Brings the deployed version and the candidate together: makes both ready, and plays the decks with them in turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from saga_contracts.derive.trials import Trial
from saga_contracts.rim.sender import bounded_client
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.provider_file import ProviderFile
from saga_verifier.verdicts import DeckResult
from saga_verifier.verification.pact import receiving
from saga_verifier.versions.change import Scene
from saga_verifier.versions.deployed import Deployed, ready
from saga_verifier.versions.mixing import Mixing


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which version the candidate is to follow.

    Attributes:
        deployed: That version.
        isolation: Gives what runs the candidate, and other programs as their provider files by their names say.
    """

    deployed: Deployed
    isolation: Callable[[Mapping[str, ProviderFile]], Isolation]


def mixed(
    upgrade: Upgrade,
    candidate: ProviderFile,
    decks: Sequence[DeckResult],
    learned: Callable[[Running, str], None],
    only: Callable[[Trial], bool] = lambda _: True,
) -> Iterator[DeckResult]:
    """Give what each step shows with the deployed version and the candidate in turns.

    Args:
        upgrade: The one.
        candidate: The other.
        decks: What the candidate alone showed.
        learned: Told of each new token, and of who runs.
        only: Chooses what is played.

    Raises:
        SagapactError: when a version cannot be made ready, or does not start on an empty data directory.
    """
    slices, deployed = [deck.slice for deck in decks], upgrade.deployed
    with ready(deployed, candidate) as old, ExitStack() as stack:
        spec = replace(old.spec(), name=deployed.name_of(candidate))
        isolation = stack.enter_context(upgrade.isolation({spec.name: old}))
        callbacks = stack.enter_context(receiving(isolation, slices))
        http = stack.enter_context(bounded_client())
        scene = Scene(candidate, isolation, callbacks, http, learned)
        for deck in decks:
            yield Mixing(deployed.label, spec, candidate.spec(), deck.today, only).of(scene, deck)
