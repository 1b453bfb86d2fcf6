"""The benchmark of saga files: it measures every kind of work, on sagas that are right and as long as asked for."""

from tests.benchmarks import sagas

from saga_contracts.sagafile import parse_saga


def test_every_kind_of_work_is_measured_and_compared() -> None:
    found = sagas.ratios(sagas.measured(3), sagas.measured(6))

    assert {one.name for one in found} == {"reading and checking", *sagas.WORK}
    assert all(one.ratio > 0 for one in found)


def test_the_sagas_have_as_many_steps_as_asked_for() -> None:
    assert [len(parse_saga(sagas.text_of(steps), "long.json").steps) for steps in (1, 7)] == [1, 7]
