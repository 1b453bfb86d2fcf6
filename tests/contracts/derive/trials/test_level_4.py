"""At level 4 every obligation that only a disturbance shows has a trial, so that none is unproven for ever."""

from saga_contracts.derive import adoption, decks, trials
from saga_contracts.derive.adoption import Evidence
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from small_participant import SAGA


def test_every_obligation_that_only_a_disturbance_shows_is_tried_at_level_4() -> None:
    slice_ = step_slice(parse_saga(SAGA.replace("owner: shop", "owner: shop\nlevel: 4"), "small.yaml"), "take")
    disturbed = {one for one, kinds in adoption.asked(slice_).items() if kinds == {Evidence.FAILURE}}
    tried = {one for trial in trials.derive(slice_, decks.derive(slice_, 1)) for one in trial.obligations}

    assert disturbed
    assert disturbed - tried == set()


def test_at_level_3_none_of_them_is_asked_for() -> None:
    slice_ = step_slice(parse_saga(SAGA, "small.yaml"), "take")
    assert not [one for one, kinds in adoption.asked(slice_).items() if Evidence.FAILURE in kinds]
