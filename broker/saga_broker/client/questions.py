"""What the client asks the gate: can a saga run, may versions be deployed, what would change."""

from collections.abc import Iterable, Mapping, Sequence

from saga_broker.client.decisions import Changes, DeployDecision
from saga_broker.client.records import DeploymentDecision, RunDecision
from saga_broker.client.transport import Asking, Params
from saga_broker.http.segments import path as path_of

Versions = Mapping[str, str | Sequence[str]]
"""By pacticipant, the version that is to be deployed, or several that are live side by side; `VERSION@INSTANCE` names the
installation whose place it takes."""


class Questions(Asking):
    """Asks the gate."""

    def can_i_deploy(self, pacticipant: str, version: str, environment: str) -> DeploymentDecision:
        """Ask whether the pacts of a version allow to deploy it to an environment; of its sagas nothing is asked."""
        params: Params = [("pacticipant", pacticipant), ("version", version), ("environment", environment)]
        answer = self._send(f"ask whether {pacticipant} {version} can be deployed", "GET", "/can-i-deploy", params=params)
        return DeploymentDecision.model_validate({**answer["summary"], "notices": answer["notices"]})

    def can_run(
        self, saga: str, environment: str, candidates: Versions | None = None, *, faults: int | None = None
    ) -> RunDecision:
        """Ask whether a saga can run in an environment.

        Args:
            saga: The saga.
            environment: The environment.
            candidates: What is to be deployed.
            faults: The most faults in one history for which decks must be kept; None for what the broker usually asks, 1.

        Raises:
            UsageError: The broker knows no such saga, environment, version, or the saga does not name the pacticipant.
        """
        params: Params = [("environment", environment), *_listed("with[]", candidates), *_faults(faults)]
        path = path_of("sagas", saga, "can-run")
        return RunDecision.model_validate(self._send(f"ask whether saga {saga} can run", "GET", path, params=params))

    def can_deploy(
        self, environment: str, versions: Versions, *, faults: int | None = None, together: bool = True
    ) -> DeployDecision:
        """Ask whether versions may be deployed together: their pacts, and every saga of theirs.

        Args:
            environment: Where.
            versions: What is to be deployed.
            faults: As for `can_run`.
            together: Look for the smallest set that may be deployed when these may not.

        Raises:
            UsageError: The broker knows no such environment or version.
        """
        more: Params = [] if together else [("together", "false")]
        params: Params = [("environment", environment), *_listed("with[]", versions), *_faults(faults), *more]
        return DeployDecision.model_validate(self._send("ask what may be deployed", "GET", "/can-deploy", params=params))

    def what_if(self, environment: str, deployed: Versions, removed: Iterable[str] = (), *, faults: int | None = None) -> Changes:
        """Ask what would become of the sagas in an environment.

        Args:
            environment: The environment.
            deployed: What would be deployed.
            removed: What would be taken away: names of pacticipants, or `PACTICIPANT:VERSION`.
            faults: As for `can_run`.

        Raises:
            UsageError: The broker knows no such environment or version, or what is taken away is not there.
        """
        gone: Params = [("removed[]", one) for one in removed]
        params: Params = [("environment", environment), *_listed("deployed[]", deployed), *gone, *_faults(faults)]
        return Changes.model_validate(self._send("ask what would change", "GET", "/what-if", params=params))


def _listed(field: str, versions: Versions | None) -> Params:
    every = [(name, [given] if isinstance(given, str) else given) for name, given in (versions or {}).items()]
    return [(field, f"{name}:{version}") for name, given in every for version in given]


def _faults(faults: int | None) -> Params:
    return [] if faults is None else [("faults", str(faults))]
