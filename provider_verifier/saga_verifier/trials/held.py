"""One history that is played to a moment, held there as long as its participant is disturbed, and then played to its end.

Each is played by a thread of its own, but only one of them ever goes on at a time: they take turns, and share no moment.
"""

import threading

from saga_contracts.derive.trials import Trial
from saga_contracts.errors import SagapactError
from saga_verifier.play.driver import Driver
from saga_verifier.play.history import Playing


class _LetGoError(Exception):
    """Nobody waits for the rest of the history (inside this module only)."""


class Held:
    """One history under way.

    Attributes:
        trial: What is played; its `at` says after how many events it is held.
        playing: The history.
        came: Did it come to the moment at which it is held?
        error: What ended it before its time; None: nothing.

    Args:
        driver: Calls the participant.
    """

    def __init__(self, driver: Driver, trial: Trial) -> None:
        self.trial = trial
        self.playing = Playing(driver, trial.history, after_event=self._after)
        self.came = False
        self.error: SagapactError | None = None
        self._stops, self._goes_on = threading.Event(), threading.Event()
        self._let_go = False
        self._thread = threading.Thread(target=self._run, name=f"history {trial.name}", daemon=True)

    def to_its_moment(self) -> bool:
        """Play it until it is held; say whether it is, or has ended before."""
        self._thread.start()
        self._stops.wait()
        return self.came

    def to_its_end(self) -> None:
        """Play the rest of it; what comes later (`Playing.end`) is left to the caller."""
        self._goes_on.set()
        if self._thread.is_alive():
            self._thread.join()

    def let_go(self) -> None:
        """End it where it is held."""
        self._let_go = True
        self.to_its_end()

    def _run(self) -> None:
        try:
            self.playing.run()
        except SagapactError as error:
            self.error = error
        except _LetGoError:
            pass
        finally:
            self._stops.set()

    def _after(self, number: int) -> None:
        if self.trial.at is not None and number == self.trial.at - 1:
            self.came = True
            self._stops.set()
            self._goes_on.wait()
            if self._let_go:
                raise _LetGoError
