"""One stub of a step, right or deviating, served in this process: what the deck and the contract cases show of it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks, trials
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.cases import Case
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.two_sagas import Meeting
from saga_contracts.errors import SagapactError
from saga_contracts.rim.sender import bounded_client
from saga_contracts.stand_in.deviations import Deviation
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play import deck
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.driver import Driver
from saga_verifier.play.second_look import SecondLook
from saga_verifier.trials import play_two_sagas
from saga_verifier.verdicts import HistoryResult

SHORT_TIMEOUT_MS = 100
"""How long a participant has that answers too late; a machine that is too slow makes it later still."""
SHORT_CALLBACK_TIMEOUT_MS = 600
SHORT_WAIT_S = 0.1
"""How long work that was undone is waited for at a stub that works at once."""
_IN_EACH_REPLY = ("O1", "O31")


@dataclass(frozen=True, slots=True)
class Shown:
    """The first history or contract case that shows a deviation; an empty name: none does.

    Attributes:
        by: The obligations that it was seen to break.
        counts: Is not all of it waived?
    """

    name: str = ""
    by: tuple[str, ...] = ()
    counts: bool = field(default=False)


def accusations(rules: Right, given_up: Iterable[str], faults: int, today: date) -> Iterator[str]:
    """Say what a participant with rules that are right is accused of, twice: a machine that was too slow once is no fault.

    Args:
        rules: Its rules.
        given_up: Obligations that the file itself gives up; they are no accusation.
        faults: The most faults in one history.
        today: The day on which waivers are judged.
    """
    allowed = frozenset(given_up)
    with driving(rules.slice, rules) as driver:
        for history in decks.derive(rules.slice, faults).histories:
            if _accused(deck.play(driver, history, today, SHORT_WAIT_S), allowed):
                yield from _accused(deck.play(driver, history, today), allowed)
        for result in _two_sagas(driver, decks.derive(rules.slice, faults), today):
            yield from _accused(result, allowed)


def by_deck(driver: Driver, deviation: Deviation, faults: int, today: date) -> Shown:
    """Give the shortest history that shows a deviation; one of which all is waived only where there is no other."""
    whole, asked = decks.derive(driver.slice, faults), {deviation.obligation, *deviation.follow}
    alone = (deck.play(driver, one, today, wait_s) for one, wait_s in _in_question(deviation, whole))
    found = _first(chain(alone, (one for one in _two_sagas(driver, whole, today) if asked & set(one.checks))), asked)
    if not found.name and deviation.seen(driver.slice):  # as a verification plays it, where all that comes later is waited for
        found = _first(deck.play_deck(driver, whole, today).histories, asked)
    return found


def by_contract(driver: Driver, deviation: Deviation, held: Sequence[Case], today: date) -> Shown:
    """Give the first contract case that shows a deviation, be it that it cannot even be brought about."""
    look = SecondLook({f"{driver.slice.saga}/{driver.slice.step.step}": driver}, today)
    waivers = Waivers(driver.slice.waivers, driver.slice.step.step, today)
    asked = {deviation.obligation, *deviation.follow}
    for case in held:
        if not asked & {*case.obligations, *_IN_EACH_REPLY}:
            continue
        name = case.name.split("/", 2)[2]
        try:
            by = tuple(one.obligation for one in look.deviations(case.name) if one.obligation in asked)
        except SagapactError:
            return Shown(name, counts=True)
        if by:
            return Shown(name, by, counts=any(not waivers.hides(one) for one in by))
    return Shown()


@contextmanager
def driving(slice_: StepSlice, rules: Right) -> Iterator[Driver]:
    """Serve a participant with these rules, and give who calls it."""
    with Serving([rules]) as serving, CallbackReceiver() as callbacks, bounded_client() as http:
        yield Driver(slice_, serving.base_url, serving.base_url + STATES, callbacks, http)


def shortened(slice_: StepSlice, deviation: Deviation) -> StepSlice:
    """Give a slice with which nobody waits long for an answer or a callback that comes late or never."""
    step = slice_.step
    changes: dict[str, int] = {}
    if deviation.obligation == "O21":
        changes["timeout_ms"] = min(step.timeout_ms, SHORT_TIMEOUT_MS)
    elif deviation.obligation == "O18":
        changes["callback_timeout_ms"] = min(step.callback_timeout_ms, SHORT_CALLBACK_TIMEOUT_MS)
    return slice_.model_copy(update={"step": step.model_copy(update=changes)})


def _accused(result: HistoryResult, allowed: frozenset[str]) -> list[str]:
    found = [f"{result.name}: {one.obligation}: {one.text}" for one in result.broken if one.obligation not in allowed]
    return [*found, *([f"{result.name}: {result.trouble}"] if result.trouble else [])]


def _two_sagas(driver: Driver, whole: Deck, today: date) -> Iterator[HistoryResult]:
    """Play the trials of two sagas; what one saga alone shows is told by the deck. No other step is there to end a saga."""
    derived = [one for one in trials.derive(driver.slice, whole) if isinstance(one, Meeting) and not one.needs_another_step]
    return play_two_sagas(driver, derived, {}, today)


def _first(results: Iterable[HistoryResult], asked: set[str]) -> Shown:
    """Give the first history that breaks what is asked; what else it breaks, such as by a slow machine, shows nothing."""
    waived = Shown()
    for result in results:
        by = tuple(one.obligation for one in result.broken if one.obligation in asked)
        if by and result.verdict == Verdict.BROKEN:
            return Shown(result.name, by, counts=True)
        waived = waived if waived.name or not by else Shown(result.name, by)
    return waived


def _in_question(deviation: Deviation, whole: Deck) -> Iterator[tuple[History, float]]:
    """Give the histories that check its obligation, the shortest first, and how long to wait for work that was undone."""
    asked = {deviation.obligation, *deviation.follow}
    own = [one for one in whole.histories if asked & set(one.obligations)]
    if deviation.obligation == "O12":  # it is in the work that goes on
        yield from ((one, deck.SHORTEST_WAIT_S) for one in own if one.undone_at_work)
    yield from ((one, SHORT_WAIT_S) for one in own)
