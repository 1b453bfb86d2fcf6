"""Playing many histories of a deck at the same time, where each has keys and data of its own.

What waits for callbacks and for the end of work waits for all of them together then. Only what is kept so counts: a participant
that cannot take several calls at once is none that breaks its word, so that whatever deviates here is played again by itself.

It pays only where a history waits: threads of one Python process do not compute beside each other. The first histories are
therefore played one by one, and tell how much of their time was spent here.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from saga_contracts.derive.decks import History
from saga_contracts.errors import SagapactError
from saga_contracts.rim.sender import Reply, bounded_client, send
from saga_verifier.play.driver import Driver
from saga_verifier.play.history import Playing

MOST_AT_ONCE = 16
PER_CORE = 4
"""Most of the time a history waits for the participant."""
SAMPLED = 6
WORTH_IT = 0.5
"""Beside each other histories are played when less than this share of the first ones' time was spent computing here."""
TAKES_S = 2.0
"""So long it may take to be served on a second connection."""

Play = Callable[[Driver, History], Playing]
Wait = Callable[[Driver, list[Playing]], None]


def usual_at_once() -> int:
    """Give how many histories are played at a time, where nobody says it."""
    return min(MOST_AT_ONCE, PER_CORE * (os.cpu_count() or 1))


def kept_together(driver: Driver, histories: Sequence[History], at_once: int, play: Play, wait: Wait) -> dict[str, Playing]:
    """Play histories beside each other, and give those that are kept to their end, by name.

    The calls have connections of their own, which are closed at the end. None is played where a participant serves one connection
    only as long as that is kept.

    Args:
        driver: Calls the participant.
        histories: Those of one step, whose keys and data are apart.
        at_once: How many at a time; that many deviations end it, since the participant is broken, or cannot be played so.
        play: Plays one history, but for what comes later.
        wait: Waits until work that was left must be over.
    """
    with bounded_client() as http:
        crowd = _Crowd(driver.sending(http), at_once, play)
        if not _serves_two(driver.base_url, http):
            return {}
        share, first = _computing(lambda: [crowd.began(one) for one in histories[:SAMPLED]])
        with ThreadPoolExecutor(at_once if share < WORTH_IT else 1, thread_name_prefix="history") as pool:
            under_way = [one for one in (*first, *pool.map(crowd.began, histories[SAMPLED:])) if one is not None]
            wait(crowd.driver, under_way)
            kept = list(pool.map(crowd.ended, under_way))
    return {one.history.name: one for one, is_kept in zip(under_way, kept, strict=True) if is_kept}


def _computing(work: Callable[[], list[Playing | None]]) -> tuple[float, list[Playing | None]]:
    """Do work, and tell which share of its time this thread computed; the rest it waited."""
    began, began_computing = time.perf_counter(), time.thread_time()
    done = work()
    return (time.thread_time() - began_computing) / max(time.perf_counter() - began, 1e-9), done


def _serves_two(url: str, http: httpx.Client) -> bool:
    """Is a connection served while another one is kept? What is asked for, and answered, does not matter."""
    with bounded_client() as other:
        replies = [send(one, one.build_request("GET", url), TAKES_S) for one in (http, other)]
    return all(isinstance(one, Reply) for one in replies)


class _Crowd:
    """Histories that are played at the same time, and how many of them deviated."""

    def __init__(self, driver: Driver, at_once: int, play: Play) -> None:
        self.driver = driver
        self._most, self._play = at_once, play
        self._deviated = 0
        self._lock = threading.Lock()

    def began(self, history: History) -> Playing | None:
        """Play a history; None when it deviates, or so many others have that it is not played."""
        if self._deviated >= self._most:
            return None
        try:
            playing = self._play(self.driver, history)
        except SagapactError:  # played by itself it tells why
            self._count()
            return None
        if playing.broken or playing.trouble:
            self.driver.release(playing.instance)
            self._count()
            return None
        return playing

    def ended(self, playing: Playing) -> bool:
        """Judge what came later; is the history kept?"""
        playing.end()
        self.driver.release(playing.instance)
        return not playing.broken and not playing.trouble

    def _count(self) -> None:
        with self._lock:
            self._deviated += 1
