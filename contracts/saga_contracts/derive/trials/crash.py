"""Crash (O16): the participant is killed and started again after an event of a history, then the rest is played (pure).

    F kill C            killed once F was answered, and all that came of it was quiet
    F kill-in-reply C   killed the moment the reply to F was whole: what was acknowledged must have been written before
    F D kill-in-reply   killed the moment the callback came, or the status call told that the work is over

After the kill every event, status and probe is judged as ever, so a history that another one only carries on shows nothing that
the longer one does not show: the longest are killed after each of their events, the others are left out. Of replies, one is
caught for each change of the durable state, with a repetition and with an undoing after it.
"""

from collections.abc import Iterator, Sequence

from saga_contracts.derive.decks import Deck, History, Play
from saga_contracts.derive.expectations import CALLBACKS, Letter, Situation
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

KILL, IN_REPLY = "kill", "kill-in-reply"
_OBLIGATIONS = ("O16",)
_SHOW = (Letter.FORWARD, Letter.COMPENSATE, *CALLBACKS)
"""What shows best, as the next event, whether the last one was remembered."""


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give the kills that a step must survive: of a step that only reads, none.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck.
    """
    if slice_.step.only_reads:
        return
    for history in _longest(deck.histories):
        for at in range(1, len(history.plays) + 1):
            yield _trial(history, at, KILL)
    yield from (_trial(history, at, IN_REPLY) for history, at in _telling(deck.histories))


def in_reply(trial: Trial) -> bool:
    """Is it killed in the reply to its event?"""
    return IN_REPLY in trial.name.split()


def _trial(history: History, at: int, kill: str) -> Trial:
    letters = [play.letter.value for play in history.plays]
    more = " (improved)" if history.improved else ""
    return Trial(Kind.CRASH, " ".join([*letters[:at], kill, *letters[at:]]) + more, history, at, _OBLIGATIONS)


def _longest(histories: Sequence[History]) -> Iterator[History]:
    """Give the histories that no other one carries on."""
    carried_on = {(history.begins, history.plays[:length]) for history in histories for length in range(1, len(history.plays))}
    yield from (one for one in histories if (one.begins, one.plays) not in carried_on)


def _telling(histories: Sequence[History]) -> Iterator[tuple[History, int]]:
    """Give the shortest history for each change of state and each next event that tells of it, and where it stands."""
    found: dict[tuple[Situation, Letter, Letter | None], tuple[History, int]] = {}
    for history in sorted(histories, key=lambda one: not one.improved):  # a forgotten refusal shows only once it would not refuse
        for number, (before, play, following) in enumerate(_steps(history)):
            changes = before.state != play.expects.following.state
            tells = following if following in _SHOW else None
            place = (before, play.letter, tells)
            if changes and (place not in found or _rest(*found[place]) > _rest(history, number + 1)):
                found[place] = (history, number + 1)
    told = {(before, letter) for before, letter, tells in found if tells is not None}
    yield from (one for (before, letter, tells), one in found.items() if tells is not None or (before, letter) not in told)


def _steps(history: History) -> Iterator[tuple[Situation, Play, Letter | None]]:
    """Give each event of a history, the situation before it and the letter after it."""
    situation = history.begins
    for number, play in enumerate(history.plays):
        following = history.plays[number + 1].letter if number + 1 < len(history.plays) else None
        yield situation, play, following
        situation = play.expects.following


def _rest(history: History, at: int) -> int:
    """Give what has to be played in all: the fewest events, of these the fewest before the kill."""
    return len(history.plays) * 100 + at
