"""All services of one saga, started apart from everything else and together: participants, owner, saga service, fault proxy.

The saga service reaches the participants, the participants the saga service, only through the proxy; the harness reaches each one
directly. When the block ends, nothing is left. Playing scenarios on it is `runner`.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from types import TracebackType
from typing import Self

from saga_contracts.declare import elements
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_e2e.proxy.server import FaultProxy
from saga_e2e.stage import orchestrator
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.orchestrator import Adapter
from saga_verifier import backends
from saga_verifier.access import Prober, Stage
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec
from saga_verifier.isolation.together import Group, start_all

LAST_LINES = 15
START_TIMEOUT_S = 60.0
"""What every service gets at least until it is ready: all of them start at the same time."""


class Topology:
    """The running services of one saga; a context manager.

    Args:
        landscape: How each service is started.
        saga: The saga that is played; as `saga`, it has one step for each element where it goes through a list.
        env: Variables to add to the environment of single services, by name; they win over those of the provider file.
        isolation: The backend; default: processes of this machine.
        beside: Further programs to start, such as a broker; they are not reached through the proxy.
        ports: Fixed ports, by the service's name; the others get free ones.
    """

    def __init__(
        self,
        landscape: Landscape,
        saga: Saga,
        *,
        env: Mapping[str, Mapping[str, str]] | None = None,
        isolation: Isolation | None = None,
        beside: Iterable[Spec] = (),
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self._proxy: FaultProxy | None = None
        self._files = landscape.services(saga)
        self.orchestrator = next(iter(self._files))
        """The name of the service that runs the saga."""
        self.definition = orchestrator.defined(saga, self._files[self.orchestrator])
        called_back = orchestrator.called_back(self.definition, self._files[self.orchestrator])
        self.saga = elements.unfolded(called_back, saga.payload.example)
        self.adapter: Adapter = orchestrator.adapter_of(self._files[self.orchestrator], self.saga)
        """How the orchestrator is used."""
        self._env, self._ports = env or {}, ports or {}
        self._beside = {spec.name: spec for spec in beside}
        self._isolation: Isolation = isolation or ProcessIsolation()
        self._running = Group({})
        self._restarting, self._ending = RLock(), False
        self._killed = set[str]()
        self.restarts = 0
        """How many restarts have begun and how many have ended, added up."""
        self._stack = ExitStack()
        self._kept = Path()
        unknown = sorted({*self._env, *self._ports} - {*self._files, *self._beside})
        if unknown:
            raise UsageError(f"No service of {saga.saga} is called {', '.join(unknown)}. Known: {', '.join(self.all_names)}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Name every service of the saga."""
        return tuple(self._files)

    @property
    def all_names(self) -> tuple[str, ...]:
        """Name every service of the saga, then every program beside them."""
        return (*self._files, *self._beside)

    @property
    def proxy(self) -> FaultProxy:
        """The fault proxy, while the services run."""
        assert self._proxy is not None  # noqa: S101  (only used inside the block)
        return self._proxy

    @property
    def service_url(self) -> str:
        """Where the saga service answers, without the proxy."""
        return self.url_of(self.orchestrator)

    def url_of(self, name: str) -> str:
        """Give a service's address, without the proxy."""
        return self._running[name].base_url

    def calls_url(self, name: str) -> str:
        """Give what stands before the path of every call of a contract, without the proxy: address and base path."""
        url = self.url_of(name)
        return self._files[name].calls_url(url) if name in self._files else url

    def prober(self, participant: str, step: str) -> Prober | None:
        """Give who reads a step's effect as the participant's provider file says; None when it does not say."""
        isolation = backends.PROCESS if isinstance(self._isolation, ProcessIsolation) else backends.CONTAINER
        file = backends.placed(isolation, self._files[participant])
        form = file.probes.get(f"{self.saga.saga}/{step}")
        return None if form is None else Prober(form, Stage.of(file, self._running[participant]))

    def states_url(self, participant: str) -> str | None:
        """Give where a participant takes state changes, or None when it takes none."""
        return self._files[participant].states_url(self.url_of(participant))

    def kill(self, name: str) -> None:
        """End a service at once, as a crash of its machine would; until `start`, this is no trouble."""
        self._killed.add(name)
        self._running[name].kill()

    def start(self, name: str) -> None:
        """Start a killed service again, on its data; calls find it at its new address.

        Raises:
            IsolationError: when it does not become ready.
        """
        try:
            self._running[name].start()
        finally:
            self._killed.discard(name)
        self.proxy.route(name, self.calls_url(name))

    def restart(self, name: str) -> None:
        """Kill a service and start it again; does nothing once everything is being ended.

        Raises:
            IsolationError: when it does not become ready.
        """
        with self._restarting:
            if self._ending:
                return
            self.restarts += 1
            try:
                self._running[name].strike()  # at this moment, not when its guard has heard of it
                self.kill(name)
                self.start(name)
            finally:
                self.restarts += 1

    def stand_still(self, name: str, ms: int) -> None:
        """Let a service stand still for so many milliseconds, and then go on."""
        running = self._running[name]
        running.pause()
        try:
            time.sleep(ms / 1000)
        finally:
            running.resume()

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """Have a service down inside the block.

        Raises:
            IsolationError: when it does not become ready afterwards.
        """
        with self._restarting:
            self.restarts += 1
            self.kill(name)
            try:
                yield
            finally:
                self.start(name)
                self.restarts += 1

    @property
    def takes_snapshots(self) -> bool:
        """Can the data of a service be kept, and put back behind its back?"""
        return isinstance(self._isolation, ProcessIsolation)

    @property
    def kills_at_once(self) -> bool:
        """Is a service dead within a part of the time that one of its calls takes?"""
        return isinstance(self._isolation, ProcessIsolation)

    def snapshot(self, name: str) -> Callable[[], None]:
        """Keep the data of a service as they are now, restarting it; give what puts them back, restarting it again.

        Raises:
            IsolationError: when it does not become ready.
        """
        kept = self._kept / f"{name}-{self.restarts}"
        self._stopped(name, lambda: shutil.copytree(self._running[name].workdir, kept))
        return lambda: self._stopped(name, lambda: _put_back(kept, self._running[name].workdir))

    def _stopped(self, name: str, work: Callable[[], object]) -> None:
        """Do something while a service is down."""
        with self.down(name):
            work()

    def wait_until_restarted(self) -> None:
        """Wait until no restart is under way."""
        with self._restarting:
            pass

    def trouble(self) -> str | None:
        """Say which services have ended although they should run, with the last lines of their logs; None: all run.

        One that is down for a while is waited for; one that was killed here and is to be started again belongs to a scenario.
        """
        ended: dict[str, list[Running]] = {}
        with self._restarting:
            for name, one in self._running.items():
                if name not in self._killed and (how := one.ended()) is not None:
                    ended.setdefault(how, []).append(one)
        return "\n".join(_said(how, same) for how, same in ended.items()) or None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._kept = Path(stack.enter_context(TemporaryDirectory(prefix="sagapact-e2e-")))
            stack.enter_context(self._isolation)
            health = {name: file.health.path.removeprefix(".") for name, file in self._files.items() if file.health.path}
            self._proxy = stack.enter_context(
                FaultProxy(self.saga, self._isolation.listen_host, self.restart, health, self.stand_still)
            )
            specs = [*map(self._spec, self._files), *map(self._placed, self._beside.values())]
            self._running = stack.enter_context(start_all(self._isolation, specs))
            self._isolation.check_reached(self.proxy.port)
            for name in self._files:
                self.proxy.route(name, self.calls_url(name))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._restarting:
            self._ending = True
        self._stack.close()

    def _spec(self, name: str) -> Spec:
        spec = self._files[name].spec()
        wiring = self._wiring() if name == self.orchestrator else {}
        return self._placed(replace(spec, env={**spec.env, **wiring}))

    def _placed(self, spec: Spec) -> Spec:
        """Give a spec the port and the time that it gets here, and the variables that were asked for."""
        health = Health(spec.health.path, max(spec.health.timeout_s, START_TIMEOUT_S))
        env = {**spec.env, **self._env.get(spec.name, {})}
        return replace(spec, env=env, port=self._ports.get(spec.name, spec.port), health=health)

    def _wiring(self) -> dict[str, str]:
        """Give what the saga service must know of its surroundings; every address is the proxy's."""
        told = self.saga.policies.owner_notification
        itself = {self.orchestrator} - ({told.participant} if told is not None else set())  # an owner may run its sagas itself
        addresses = {name: self.proxy.url_of(name) for name in self._files if name not in itself}
        return orchestrator.environment(self._files[self.orchestrator], addresses, self.proxy.url_of(self.orchestrator))


def _put_back(kept: Path, folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def _said(how: str, ended: Sequence[Running]) -> str:
    """Say how services ended that all ended in the same way; the log of the first one stands for all."""
    verb = "has" if len(ended) == 1 else "have"
    log = ended[0].log_tail(LAST_LINES).rstrip()
    told = f"the last lines of {ended[0].name}:\n{log}" if log else f"{ended[0].name} wrote nothing."
    return f"{', '.join(one.name for one in ended)} {verb} ended ({how}); {told}"
