"""Plays each step's stub, right and with each deviation of the catalogue, and fills the table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, cases
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.stand_in.caller import readable
from saga_contracts.stand_in.deviations import CATALOGUE, Deviation
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.right import Right
from saga_verifier.self_check import mends
from saga_verifier.self_check.stubbed import Shown, accusations, by_contract, by_deck, driving, shortened
from saga_verifier.self_check.table import Fate, Row, SelfCheck, StepTable

MOST_AT_ONCE = 8
"""So many stubs are played at once: most of the time is waiting for what comes late, or never."""
Progress = Callable[[Row], None]
"""Is told of each deviation when it was tried, by several threads."""


@dataclass(frozen=True, slots=True)
class _How:
    saga: Saga
    faults: int
    today: date
    progress: Progress


def check(saga: Saga, faults: int, today: date, progress: Progress = lambda _: None) -> SelfCheck:
    """Find out which deviations the contracts and decks of a saga would catch.

    Args:
        saga: The saga.
        faults: The most faults in one history.
        today: The day on which waivers are judged.
        progress: Told of each deviation when it was tried.
    """
    how = _How(saga, faults, today, progress)
    declared = [step_slice(saga, step.step) for step in saga.steps]
    slices = [readable(one) for one in declared]
    notes = [f"The effect of {one.step.step} is read here as a provider file could." for one in declared if _read_otherwise(one)]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        right = list(pool.map(lambda one: _accused(one, how), slices))
        tables = tuple(_table(one, wrong, how, pool) for one, wrong in zip(slices, right, strict=True))
        steps = tuple(table() for table in tables)
    return SelfCheck(saga.saga, saga.level, faults, steps, (*doubts(slices), *notes))


def _read_otherwise(slice_: StepSlice) -> bool:
    """Is its effect read by no call of the API, so that a provider file has to say how?"""
    return slice_.step.probe is not None and slice_.step.probe.request is None


def _accused(slice_: StepSlice, how: _How) -> tuple[str, ...]:
    try:
        return tuple(accusations(Right(slice_), adoption.declared_broken(slice_), how.faults, how.today))
    except SagapactError as error:
        return (str(error),)


def _table(slice_: StepSlice, wrong: tuple[str, ...], how: _How, pool: ThreadPoolExecutor) -> Callable[[], StepTable]:
    """Begin with a step's deviations; what accuses a right participant says nothing about a wrong one."""
    begun = [pool.submit(_row, one, slice_, how) for one in (() if wrong else CATALOGUE)]
    step = slice_.step
    return lambda: StepTable(step.step, step.participant, wrong, tuple(one.result() for one in begun))


def _row(deviation: Deviation, slice_: StepSlice, how: _How) -> Row:
    row = Row(deviation.kind, deviation.does, deviation.obligation, Fate.UNKNOWN)
    without = mends.beyond(deviation, slice_, how.today)
    if without is None and not deviation.possible(slice_):
        without = mends.impossible(deviation, slice_)
    if without is not None:
        fate, why, mend = without
        return replace(row, fate=fate, why=why, mend=mend)
    own = shortened(slice_, deviation)
    held = cases.derive_step(how.saga, how.saga.step(slice_.step.step))
    try:
        with driving(own, deviation.rules(own)) as driver:
            history = by_deck(driver, deviation, how.faults, how.today)
            contract = by_contract(driver, deviation, held, how.today)
    except SagapactError as error:
        return replace(row, why=str(error))
    how.progress(row)
    return _judged(row, deviation, slice_, history, contract)


def _judged(row: Row, deviation: Deviation, slice_: StepSlice, history: Shown, contract: Shown) -> Row:
    by = tuple(dict.fromkeys([*history.by, *contract.by]))
    seen = replace(row, by=by, history=history.name, contract=contract.name)
    if history.counts or contract.counts:
        return replace(seen, fate=Fate.CAUGHT)
    if history.name or contract.name:
        return replace(seen, fate=Fate.WAIVED, why=f"{', '.join(by)} is waived.")
    why, mend = mends.unseen(deviation, slice_)
    return replace(seen, fate=Fate.NOT_CAUGHT, why=why, mend=mend)
