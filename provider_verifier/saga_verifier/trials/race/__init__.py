"""Playing the trials of a race: two calls of one key overlap, several times, with offsets left to a seed (O5, O10, O7).

Where the participant's database is known, the first tries stop both calls at a lock there, so that a look before the write is
caught for certain; the others send both at the same moment, or within the time that one call takes. What overlapped was
measured: a race of which no try overlapped shows nothing. Nobody is accused of what happens one after another as well, nor of
what a locked database alone does to its calls. What was sampled stands in `how`, and what failed with its offset in the text.
"""

from collections.abc import Iterator, Sequence

from saga_contracts.derive.trials import Trial
from saga_contracts.errors import SagapactError
from saga_verifier.access import Stage
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.race.barrier import Barrier, BarrierError, NoBarrier, barrier_at
from saga_verifier.trials.race.sampling import Sampling
from saga_verifier.verdicts import HistoryResult


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play the trials; each ends with a value.

    Raises:
        SagapactError: when the participant cannot be put into a precondition.
    """
    barrier, why_none = _barrier(ground)
    for trial in trials:
        yield Sampling(ground, trial, barrier, why_none).result()


def _barrier(ground: Ground) -> tuple[Barrier, str]:
    """Give the barrier in the participant's database; and why there is none, if there is none."""
    named = ground.provider.database
    prober = ground.driver.prober
    url = named.url if named is not None else prober.form.url if prober is not None else None
    if url is None:
        return NoBarrier(), "the provider file names no `database`"
    try:
        return barrier_at(Stage.of(ground.provider, ground.running).filled(url)), ""
    except BarrierError as error:
        return NoBarrier(), str(error)
    except SagapactError as error:  # such as a placeholder that is not known here
        return NoBarrier(), str(error)
