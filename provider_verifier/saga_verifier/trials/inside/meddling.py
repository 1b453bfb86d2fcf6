"""Lets one call of a participant to a service that it depends on fail while one call of the step is at work.

What the step's call is answered then counts as 'try again', so that it is repeated as an orchestrator would; only a refusal is
told on as it is. A participant that was killed at the call is started again before anybody calls it.
"""

import threading
from dataclasses import replace

from saga_contracts.declare.outcomes import Outcome
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials.inside import during
from saga_verifier.depended import Failing, Mode, Services
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.play.called import Aside, Called, Instance
from saga_verifier.play.driver import Driver
from saga_verifier.trials.ground import Ground

_LONGEST_SILENCE_S = 1.5
_UNAVAILABLE = 503


class Meddling:
    """One failing call.

    Attributes:
        driver: Makes the calls of the step.
        came: Has the call come, and failed?
        is_refused: Was the step's own call refused then?
    """

    def __init__(self, ground: Ground, services: Services, trial: Trial, mode: Mode, number: int) -> None:
        self._ground, self._services = ground, services
        self._during, self._mode, self._number = during(trial), mode, number
        self._first = trial.history.plays[0].letter.value if trial.at == 0 else self._during
        self._begun = self._over = False
        self._starting: threading.Thread | None = None
        self._lost: IsolationError | None = None
        self.is_refused = False
        self.driver: Driver = ground.driver.beside_calls(Aside(self._before, self._after))

    @property
    def came(self) -> bool:
        """Has the call come?"""
        return self._services.failed.is_set()

    def settle(self) -> None:
        """Wait until the call is over, and a participant that it killed is back.

        Raises:
            IsolationError: when it does not start any more.
        """
        self._services.idle()
        if self._starting is not None:
            self._starting.join()
        if self._lost is not None:
            raise self._lost

    def _before(self, instance: Instance, letter: str) -> None:
        if self._begun or letter != self._first:
            return
        self._begun = True
        step = self._ground.driver.slice.step
        silent_s = min(_LONGEST_SILENCE_S, 0.8 * step.timeout_ms / 1000)
        self._services.let_fail(Failing(self._number, self._mode, silent_s, self._strike))
        if self._first != self._during:  # the forward call whose own call fails; what it is answered does not matter
            self._ground.driver.forward(instance)
            if step.tells_later:
                self._services.failed.wait(step.told_within_ms / 1000)
            self.settle()

    def _after(self, called: Called) -> Called:
        if self._over or called.letter != self._during:
            return called
        if called.outcome == Outcome.IN_PROGRESS:  # its work makes the call; nobody asks while a kill is under way
            self._services.failed.wait(self._ground.driver.slice.step.told_within_ms / 1000)
        if not self.came:
            return called
        self._over = True
        self.settle()
        self.is_refused = called.outcome == Outcome.REFUSED
        if self.is_refused:
            return called
        return replace(called, outcome=Outcome.RETRYABLE, names=(), status=called.status or _UNAVAILABLE)

    def _strike(self) -> None:
        self._ground.running.strike()
        self._starting = threading.Thread(target=self._start, name="start again", daemon=True)
        self._starting.start()

    def _start(self) -> None:
        self._ground.running.kill()
        try:
            self._ground.running.start()
        except IsolationError as error:
            self._lost = error
