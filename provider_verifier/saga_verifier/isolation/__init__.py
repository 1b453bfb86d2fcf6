"""Programs started apart from everything else: own port, own directory, an environment of declared names only.

    with ProcessIsolation().start(spec) as running:
        httpx.get(running.base_url + "/health")

`Isolation` and `Running` are the interface of every backend, `ProcessIsolation` is the backend of processes, and `start_all`
starts a whole topology.
"""

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation.errors import CannotStartError, DiedAtStartError, GivenUpError, IsolationError, NeverHealthyError
from saga_verifier.isolation.guarding.with_parent import die_with_parent
from saga_verifier.isolation.interface import Isolation, Running
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec
from saga_verifier.isolation.together import Group, start_all

__all__ = [
    "CannotStartError",
    "DiedAtStartError",
    "GivenUpError",
    "Group",
    "Health",
    "Isolation",
    "IsolationError",
    "NeverHealthyError",
    "ProcessIsolation",
    "Redactor",
    "Running",
    "Spec",
    "die_with_parent",
    "start_all",
]
