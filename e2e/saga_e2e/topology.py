"""All processes of one saga, started apart from everything else and together: participants, owner, saga service, fault proxy.

The saga service reaches the participants, the participants the saga service, only through the proxy; the harness reaches each one
directly. When the block ends, nothing is left. Playing scenarios on it is `runner`.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from saga_contracts.errors import SagapactError
from saga_contracts.saga import Saga
from saga_e2e.calls import service_name
from saga_e2e.landscape import Landscape
from saga_e2e.proxy import FaultProxy
from saga_verifier.isolation.interface import Isolation
from saga_verifier.isolation.process import ProcessIsolation
from saga_verifier.isolation.spec import Spec
from saga_verifier.isolation.together import Group, start_all

LAST_LINES = 15
DEFAULT_SERVICE_ENV = {"SAGA_BACKOFF_MS": "20"}
"""Between two tries the saga service waits less than in production: what is tested is what it does, not how long it waits."""


class Topology:
    """The running services of one saga; a context manager.

    Args:
        landscape: How each service is started.
        saga: The saga that is played.
        env: Variables to add to the environment of single services, by name; they win over those of the provider file.
        isolation: The backend; default: processes of this machine.
    """

    def __init__(
        self,
        landscape: Landscape,
        saga: Saga,
        *,
        env: Mapping[str, Mapping[str, str]] | None = None,
        isolation: Isolation | None = None,
    ) -> None:
        self.saga = saga
        self.proxy = FaultProxy(saga)
        self._files = landscape.services(saga)
        self._env = env or {}
        self._isolation: Isolation = isolation or ProcessIsolation()
        self._running = Group({})
        self._stack = ExitStack()
        unknown = sorted(set(self._env) - set(self._files))
        if unknown:
            raise SagapactError(f"No service of {saga.saga} is called {', '.join(unknown)}. Known: {', '.join(self._files)}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Name every service."""
        return tuple(self._files)

    @property
    def service_url(self) -> str:
        """Where the saga service answers, without the proxy."""
        return self.url_of(service_name(self.saga))

    def url_of(self, name: str) -> str:
        """Give a service's address, without the proxy."""
        return self._running[name].base_url

    def states_url(self, participant: str) -> str | None:
        """Give where a participant takes state changes, or None when it takes none."""
        return self._files[participant].states_url(self.url_of(participant))

    def kill(self, name: str) -> None:
        """End a service at once, as a crash of its machine would."""
        self._running[name].kill()

    def trouble(self) -> str | None:
        """Say which services have ended although they should run, with the last lines of their logs; None: all run."""
        ended = [(one, how) for one in self._running.values() if (how := one.ended()) is not None]
        texts = (f"{one.name} has ended ({how}); its last lines:\n{one.log_tail(LAST_LINES)}" for one, how in ended)
        return "\n".join(texts) or None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.proxy)
            self._running = stack.enter_context(start_all(self._isolation, [self._spec(name) for name in self._files]))
            for name in self._files:
                self.proxy.route(name, self.url_of(name))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _spec(self, name: str) -> Spec:
        spec = self._files[name].spec()
        wiring = self._wiring() if name == service_name(self.saga) else {}
        return replace(spec, env={**spec.env, **wiring, **self._env.get(name, {})})

    def _wiring(self) -> dict[str, str]:
        """Give what the saga service must know of its surroundings; every address is the proxy's."""
        service = service_name(self.saga)
        addresses = {name: self.proxy.url_of(name) for name in self._files if name != service}
        wiring = {"SAGA_PARTICIPANTS": json.dumps(addresses), "SAGA_CALLBACK_BASE": self.proxy.url_of(service)}
        return DEFAULT_SERVICE_ENV | wiring
