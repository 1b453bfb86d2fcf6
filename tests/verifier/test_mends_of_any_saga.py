"""For every saga that lint accepts, what a self-check does not see has its reason, and what gets through its mend."""

from hypothesis import HealthCheck, given, settings

import random_sagas
from repetitions import times
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice
from saga_contracts.stand_in.caller import readable
from saga_contracts.stand_in.deviations import CATALOGUE
from saga_verifier.self_check import mends
from saga_verifier.self_check.table import Fate
from stand_ins import TODAY


@given(saga=random_sagas.sagas())
@settings(max_examples=times(20), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_each_has_a_reason_and_what_gets_through_a_mend_that_names_a_field(saga: Saga) -> None:
    for step in saga.steps:
        slice_ = readable(step_slice(saga, step.step))
        for deviation in CATALOGUE:
            told = mends.beyond(deviation, slice_, TODAY)
            if told is None and not deviation.possible(slice_):
                told = mends.impossible(deviation, slice_)
            elif told is None and not deviation.seen(slice_):
                told = (Fate.NOT_CAUGHT, *mends.unseen(deviation, slice_))
            if told is None:
                continue
            fate, why, mend = told
            assert why.endswith("."), (deviation.kind, told)
            assert why != mends.NO_REASON, (deviation.kind, step.model_dump_json(exclude_defaults=True))
            assert bool(mend) == (fate == Fate.NOT_CAUGHT), (deviation.kind, told)
            assert not mend or "`" in mend or "waive" in mend, (deviation.kind, told)
