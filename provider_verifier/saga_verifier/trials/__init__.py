"""Trials: histories played under a disturbance, each kind in a module of its own.

What is to be played is derived by `saga_contracts.derive.trials`; calling the participant is `play`, starting it `isolation`.
"""

from collections.abc import Callable, Iterator, Sequence

from saga_contracts.derive.trials import Kind, Trial
from saga_contracts.errors import SagapactError
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.trials import crash, inside, instances, race, receiver
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.meeting.pairs import play as play_pair
from saga_verifier.trials.meeting.two_sagas import play as play_two_sagas
from saga_verifier.trials.untold import untold
from saga_verifier.verdicts import HistoryResult

__all__ = ["Ground", "play", "play_pair", "play_two_sagas", "untold"]

_PLAYERS: dict[Kind, Callable[[Ground, Sequence[Trial]], Iterator[HistoryResult]]] = {
    Kind.CRASH: crash.play,
    Kind.RACE: race.play,
    Kind.INSTANCES: instances.play,
    Kind.RECEIVER: receiver.play,
    Kind.INSIDE: inside.play,
}


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials of a step, kind by kind; each ends with a value.

    Raises:
        IsolationError: when the participant does not run any more.
    """
    for kind in dict.fromkeys(trial.kind for trial in trials):
        own = [trial for trial in trials if trial.kind == kind]
        told: set[str] = set()
        try:
            for result in _PLAYERS[kind](ground, own):
                told.add(result.name)
                yield result
        except IsolationError:
            raise
        except SagapactError as error:  # the other kinds may well be played
            yield from (untold(trial, str(error)) for trial in own if trial.name not in told)
