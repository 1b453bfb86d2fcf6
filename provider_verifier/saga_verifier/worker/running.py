"""One job after the other: taken, done, told. What cannot be told at once is told later; what others took is left to them."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from saga_broker.client.jobs import JobRecord, JobsClient, is_refusal
from saga_contracts.errors import SagapactError
from saga_contracts.rim.redact import Redactor, without_secrets
from saga_verifier.worker import order
from saga_verifier.worker.child import COULD_NOT_FIND_OUT
from saga_verifier.worker.nursing import Nursery
from saga_verifier.worker.order import Bounds, StoppedError

PATIENCE_S = 600.0
"""So long a result is kept for a broker that does not answer."""
_LONGEST_PAUSE_S = 5.0
Answer = TypeVar("Answer")


@dataclass
class Runner:
    """Does jobs for one broker.

    Args:
        broker: Where they come from, and where results go.
        name: This worker's.
        bounds: What a job may do.
        say: Told what happens, for people.
        nursery: Makes the processes of jobs.
        closes: Nothing more is begun.
        ends: What is under way is given up.
    """

    broker: JobsClient
    name: str
    bounds: Bounds
    say: Callable[[str], None]
    nursery: Nursery
    closes: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)
    _stops: dict[str, threading.Event] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def at_work(self) -> list[str]:
        """Give the jobs that are under way."""
        return list(self._stops)

    def stop(self, job_id: str) -> None:
        """End a job that is not this worker's any more."""
        found = self._stops.get(job_id)
        if found is not None:
            found.set()

    def stop_all(self) -> None:
        """End what is under way, and begin nothing more."""
        self.closes.set()
        self.ends.set()
        for one in list(self._stops.values()):
            one.set()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        with self._turn:
            pass

    def verify(self, job_id: str, generation: int) -> str:
        """Do one offer of a job; gives what became of it, in a word."""
        with self._turn:
            job = self._taken(job_id, generation)
            if job is None:
                return "not to be done"
            stop = self._stops[job_id] = threading.Event()
            if self.ends.is_set():
                stop.set()
            began = time.monotonic()
            try:
                found = self._done(job, stop)
            except StoppedError:
                self.say(f"{_named(job)}: given up")
                with contextlib.suppress(SagapactError):  # then others take it when this worker has left
                    self.broker.give_back(job.id, self.name)
                return "given up"
            finally:
                del self._stops[job_id]
            self._until_heard(lambda: self.broker.report(job.id, {"worker": self.name, **found}))
            self.say(f"{_named(job)}: {found['verdict']} ({time.monotonic() - began:.1f} s)")
            return str(found["verdict"])

    def _taken(self, job_id: str, generation: int) -> JobRecord | None:
        try:
            return None if self.closes.is_set() else self._until_heard(lambda: self.broker.take(job_id, self.name, generation))
        except SagapactError as error:
            if not is_refusal(error):
                raise
            return None  # another worker has it, or nobody wants it any more

    def _done(self, job: JobRecord, stop: threading.Event) -> dict[str, Any]:
        """Do a job that was taken; whatever goes wrong is a result, too.

        Raises:
            StoppedError: It was ended, and has none.
        """
        with tempfile.TemporaryDirectory(prefix="sagapact-job-", ignore_cleanup_errors=True) as name:
            folder = Path(name).resolve()
            try:
                self._lay_out(folder, job)
                found = order.run_child(folder, self.bounds, stop, self.nursery)
            except StoppedError:
                raise
            except SagapactError as error:
                if stop.is_set():  # it failed since it was being ended
                    raise StoppedError(str(error)) from None
                found = {"verdict": COULD_NOT_FIND_OUT, "text": str(error)}
            except OSError as error:
                text = f"This worker cannot do it: {error.strerror or error}. Free space on its disk, or mend it otherwise."
                found = {"verdict": COULD_NOT_FIND_OUT, "text": text}
            self._keep_log(job, order.log_of(folder), found)
        return {**found, "text": self._shown(str(found.get("text") or ""))[:4000]}

    def _lay_out(self, folder: Path, job: JobRecord) -> None:
        announced = self._until_heard(lambda: self.broker.announcement(job.provider, job.provider_version))
        archive = None
        if announced.archive_sha is not None:
            archive = self._until_heard(lambda: self.broker.announced_archive(job.provider, job.provider_version))
        contract = self._until_heard(lambda: self.broker.contract(job))
        order.lay_out(folder, job, announced, archive, contract, self.bounds)

    def _keep_log(self, job: JobRecord, log: str, found: Mapping[str, Any]) -> None:
        text = log if log.strip() else str(found.get("text") or "")
        try:
            self._until_heard(lambda: self.broker.save_log(job.id, self._shown(text)))
        except SagapactError as error:
            self.say(f"{_named(job)}: its log was not kept: {error}")

    def _shown(self, text: str) -> str:
        return without_secrets(Redactor({name: value for name, value in self.bounds.env.items() if value})(text))

    def _until_heard(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until the broker answers: it may be started anew, or not be reached for a while.

        Raises:
            SagapactError: It says no, or did not answer for long, or this worker ends.
        """
        until, pause_s = time.monotonic() + PATIENCE_S, 0.1
        while True:
            try:
                return ask()
            except SagapactError as error:
                if is_refusal(error) or time.monotonic() > until or self.ends.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _named(job: JobRecord) -> str:
    return f"job {job.id[:8]}: {job.provider} {job.provider_version} with {job.consumer}"
